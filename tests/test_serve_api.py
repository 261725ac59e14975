import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serve_support import COMPLAINT, model
from starlette.testclient import TestClient

from opportunity.journal import Journal
from opportunity.records import Complaint, Suggestion
from opportunity.serve import create_app, load_settings, new_key
from opportunity.taxonomy import HEADS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:starlette", "ignore::DeprecationWarning:httpx")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def client(data_dir: Path) -> Iterator[TestClient]:
    with TestClient(create_app(load_settings(data_dir=data_dir), model())) as client:
        yield client


def test_a_complaint_gets_the_contract_of_the_library(client: TestClient) -> None:
    answer = client.post("/v1/suggest", json={"text": COMPLAINT, "id": "7"})
    assert answer.status_code == 200
    assert answer.json() == model()(Complaint(COMPLAINT, id="7")).to_dict()
    assert Suggestion.from_dict(answer.json()).answers is not None


def test_a_batch_is_answered_in_its_order(client: TestClient) -> None:
    texts = [COMPLAINT, "", "You charged me twice.", "Thank you, all is well."]
    batch = {"complaints": [{"text": text, "id": str(i)} for i, text in enumerate(texts)]}
    found = client.post("/v1/suggest/batch", json=batch).json()["suggestions"]
    assert found == [model()(Complaint(text, id=str(i))).to_dict() for i, text in enumerate(texts)]


def test_a_draft_is_checked(client: TestClient) -> None:
    draft = {
        "complaint": COMPLAINT,
        "reply": "I am sorry. I send the costume by courier today.",
        "chosen": {"heat": "upset"},
    }
    review = client.post("/v1/check", json=draft).json()
    assert len(review["answers"]) == 12
    assert 0 <= review["out_of_ten"] <= 10


def test_a_correction_reaches_the_journal_and_a_later_reply_belongs_to_it(client: TestClient, data_dir: Path) -> None:
    right = {"kind": "complaint", "opportunity": ["rebuild_trust"], "help": ["own_personally"], "heat": "upset"}
    about = {"text": COMPLAINT, "id": "77", "customer": "kim@example.com"}
    kept = client.post("/v1/feedback", json={**about, "kind": "corrected", "chosen": right}).json()
    again = client.post(
        "/v1/feedback", json={**about, "kind": "reply", "reply": "I bring it today.", "suggestion": kept["suggestion"]}
    ).json()
    assert kept["status"] == "stored"
    assert again["suggestion"] == kept["suggestion"]
    with Journal(data_dir / "journal.sqlite3") as journal:
        (handled,) = [h for h in journal.handled() if h.complaint == "77"]
    assert handled.opportunity == "rebuild_trust"
    assert handled.corrected
    assert handled.out_of_ten is not None


def test_an_accepted_suggestion_is_no_correction(client: TestClient, data_dir: Path) -> None:
    client.post("/v1/feedback", json={"text": COMPLAINT, "id": "78", "kind": "accepted"})
    with Journal(data_dir / "journal.sqlite3") as journal:
        (handled,) = [h for h in journal.handled() if h.complaint == "78"]
    assert not handled.corrected


def test_a_story_and_an_outcome_are_kept_and_a_customer_is_forgotten(client: TestClient, data_dir: Path) -> None:
    about = {"text": COMPLAINT, "id": "79", "customer": "Lou@example.com"}
    story = {"kind": "story", "title": "The costume", "happened": "It was late.", "done": "We drove.", "said": "Wow!"}
    outcome = {"kind": "outcome", "level": "amaze", "words": "You saved the play."}
    number = client.post("/v1/feedback", json={**about, **story}).json()["suggestion"]
    client.post("/v1/feedback", json={**about, **outcome, "suggestion": number})
    with Journal(data_dir / "journal.sqlite3") as journal:
        assert [s.title for s in journal.stories()] == ["The costume"]
        assert [h.level for h in journal.handled() if h.complaint == "79"] == ["amaze"]
        client.post("/v1/feedback", json={"kind": "forget", "customer": "lou@example.com"})
        assert journal.stories() == []
        assert [h for h in journal.handled() if h.complaint == "79"] == []


def test_feedback_about_an_unknown_suggestion_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/feedback", json={"text": COMPLAINT, "kind": "accepted", "suggestion": 10**9})
    assert answer.status_code == 404
    assert "no suggestion 1000000000" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/suggest", {"body": "SECRETWORDS"}, "body.text"),
        ("/v1/suggest", {"text": ["SECRETWORDS"]}, "body.text"),
        ("/v1/suggest", {"text": "a", "more": "SECRETWORDS"}, "body.more"),
        ("/v1/check", {"complaint": "SECRETWORDS"}, "body.reply"),
        ("/v1/check", {"complaint": "", "reply": "", "chosen": {"heat": "SECRETWORDS"}}, "body.chosen.heat"),
        ("/v1/feedback", {"kind": "SECRETWORDS", "text": "a"}, "body"),
        ("/v1/suggest/batch", {"complaints": [{"text": "a"}] * 1001}, "body.complaints"),
    ],
)
def test_a_refusal_names_the_place_and_never_the_words(client: TestClient, path: str, body: Any, place: str) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert place in answer.json()["error"]
    assert "SECRETWORDS" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"text": NaN}', b""])
def test_a_body_that_cannot_be_read_is_the_callers_fault(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/suggest", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["request_id"]


def test_half_a_character_is_read_like_any_text(client: TestClient) -> None:
    body = b'{"text": "It is late \\ud800 again, I want a refund"}'
    answer = client.post("/v1/suggest", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200


def test_the_model_the_labels_and_the_health_can_be_asked_for(client: TestClient) -> None:
    assert client.get("/v1/model").json()["name"] == model().model_info.name
    assert tuple(head["name"] for head in client.get("/v1/taxonomy").json()) == HEADS
    assert client.get("/healthz").json() == {"status": "ok"}


def test_requests_are_counted_by_route_and_never_by_what_was_sent(client: TestClient) -> None:
    client.get("/v1/SECRETWORDS")
    client.post("/v1/suggest", json={"text": COMPLAINT})
    figures = client.get("/metrics").text
    assert 'opportunity_requests_total{method="POST",route="/v1/suggest",status="200"}' in figures
    assert 'route="other",status="404"' in figures
    assert "SECRETWORDS" not in figures


def test_every_answer_carries_a_request_id_and_a_callers_own_is_kept(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert len(client.get("/healthz", headers={"x-request-id": "not mine\x7f!"}).headers["x-request-id"]) == 32


def test_the_log_has_one_line_a_request_and_no_text(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/suggest?note=SECRETWORDS", json={"text": "SECRETWORDS"})
        client.post("/v1/check", json={"complaint": "SECRETWORDS", "reply": "SECRETWORDS", "x": "SECRETWORDS"})
    ours = [r for r in caplog.records if r.name.startswith("opportunity")]
    assert len(ours) == 2
    assert "POST /v1/suggest 200" in ours[0].getMessage()
    assert not [r for r in ours if "SECRETWORDS" in r.getMessage()]


def test_a_broken_model_is_an_error_without_the_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        model_info = model().model_info

        def __call__(self, complaint: Complaint) -> Suggestion:
            raise RuntimeError(complaint.text)

    with TestClient(create_app(load_settings(data_dir=tmp_path), Broken()), raise_server_exceptions=False) as client:
        answer = client.post("/v1/suggest", json={"text": "SECRETWORDS"})
    assert answer.status_code == 500
    assert "SECRETWORDS" not in answer.text + caplog.text


def test_with_keys_nothing_is_told_without_one(tmp_path: Path) -> None:
    key, entry = new_key("desk")
    settings = load_settings(data_dir=tmp_path, api_keys=(entry,))
    with TestClient(create_app(settings, model())) as client:
        for path in ("/v1/model", "/v1/taxonomy", "/metrics", "/nowhere"):
            assert client.get(path).status_code == 401
        assert (
            client.post("/v1/suggest", json={"text": "a"}, headers={"authorization": "Bearer wrong"}).status_code == 401
        )
        assert client.get("/healthz").status_code == 200
        assert client.get("/panel").status_code == 200
        assert client.get("/v1/model", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert client.get("/v1/model", headers={"x-api-key": key}).status_code == 200
