import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from serve_support import (
    COMPLAINT,
    EVENTS,
    SECRET,
    FakeVendor,
    Server,
    assert_quick,
    eventually,
    model,
    signed,
    start_server,
    vendor_api,
)
from starlette.testclient import TestClient

from opportunity.serve import create_app, load_settings
from opportunity.serve.deliveries import REMEMBERED_SECONDS, DeliveryStore, body_key, id_key
from opportunity.serve.payloads import Incoming, PayloadError, complaints
from opportunity.serve.vendors import VENDORS
from opportunity.serve.worker import Worker

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:starlette", "ignore::DeprecationWarning:httpx")

WRITING = [name for name, row in VENDORS.items() if row.write_back]


def environment(vendor: str, api: FakeVendor | None = None) -> dict[str, str]:
    prefix = f"OPPORTUNITY_WEBHOOKS__{vendor.upper().replace('-', '_')}__"
    given = {"SECRET": SECRET}
    if api is not None:
        given |= {"API_URL": api.url, "API_USER": "bot@example.com", "API_TOKEN": "tok", "ACCOUNT": "9"}
    return {prefix + name: value for name, value in given.items()}


def vendor_settings(api: FakeVendor) -> dict[str, str]:
    return {"secret": SECRET, "api_url": api.url, "api_user": "bot@example.com", "api_token": "tok", "account": "9"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    vendors = {name: {"secret": SECRET} for name in VENDORS if name != "freshdesk"}
    settings = load_settings(data_dir=tmp_path, webhooks=vendors, public_url="http://testserver")
    with TestClient(create_app(settings, model())) as client:
        yield client


def send(client: TestClient, vendor: str, event: Any, **more: str) -> httpx.Response:
    given = signed(vendor, "http://testserver", event)
    return client.post(given["url"], content=given["content"], headers=given["headers"] | more)


@pytest.mark.parametrize("vendor", [name for name in VENDORS if name != "freshdesk"])
def test_every_vendor_is_taken_once(client: TestClient, vendor: str) -> None:
    event = EVENTS[vendor](COMPLAINT)
    assert send(client, vendor, event).json() == {"status": "accepted"}
    assert send(client, vendor, event).json() == {"status": "repeated"}


def test_a_vendor_without_a_secret_is_closed(client: TestClient) -> None:
    assert send(client, "freshdesk", {}).status_code == 404
    assert client.post("/v1/webhooks/nodesk", content=b"{}").status_code == 404


def test_an_unproven_body_is_never_parsed(client: TestClient) -> None:
    answer = client.post("/v1/webhooks/generic", content=b"{not json", headers={"x-opportunity-token": "wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body", [b"{not json", b"3", b"[3]", b"[" * 100_000, b'{"text": "a"}', b'{"ticket_id": "a/../b", "text": "a"}',
             b'{"ticket_id": true, "text": "a"}', b'{"ticket_id": 1}', b'{"ticket_id": 1, "text": 5}', b"\xff"]
)  # fmt: skip
def test_a_proven_body_of_the_wrong_form_is_refused_without_its_words(client: TestClient, body: bytes) -> None:
    answer = send(client, "generic", body)
    assert answer.status_code == 422
    assert "a/../b" not in answer.text


@pytest.mark.parametrize(
    ("vendor", "changes"),
    [
        ("zendesk", {"type": "zen:event-type:ticket.comment_added"}),
        ("chatwoot", {"message_type": "outgoing"}),
        ("chatwoot", {"private": True}),
        ("chatwoot", {"event": "conversation_updated"}),
        ("zammad", {"article": {"id": 8, "body": "note", "sender": "Agent", "internal": True}}),
        ("intercom", {"topic": "conversation.admin.noted"}),
        ("django-helpdesk", {"followup_id": 3}),
    ],
)
def test_notes_and_agents_replies_are_passed_over_so_that_nothing_loops(
    client: TestClient, vendor: str, changes: dict[str, Any]
) -> None:
    answer = send(client, vendor, {**EVENTS[vendor](COMPLAINT), **changes})
    assert (answer.status_code, answer.json()) == (200, {"status": "passed over"})


def test_a_replay_with_another_delivery_id_is_still_a_replay(client: TestClient) -> None:
    event = EVENTS["zammad"](COMPLAINT)
    assert send(client, "zammad", event, **{"x-zammad-delivery": "1"}).json()["status"] == "accepted"
    assert send(client, "zammad", event, **{"x-zammad-delivery": "2"}).json()["status"] == "repeated"


def test_a_retry_of_a_delivery_id_is_a_replay_though_its_body_differs(client: TestClient) -> None:
    event = EVENTS["zammad"](COMPLAINT)
    send(client, "zammad", event, **{"x-zammad-delivery": "1"})
    answer = send(client, "zammad", {**event, "extra": 1}, **{"x-zammad-delivery": "1"})
    assert answer.json()["status"] == "repeated"


def test_intercoms_later_messages_are_read_and_not_the_first_one_again() -> None:
    event = EVENTS["intercom"]("first")
    event["topic"] = "conversation.user.replied"
    event["data"]["item"]["conversation_parts"] = {"conversation_parts": [{"id": "8", "body": "second"}]}
    assert complaints(VENDORS["intercom"].payload, event) == (Incoming("42", "8", "second"),)


def test_a_payload_fault_never_holds_the_words() -> None:
    with pytest.raises(PayloadError) as caught:
        complaints(VENDORS["generic"].payload, {"ticket_id": "SECRET WORDS", "text": "SECRET WORDS"})
    assert "SECRET" not in str(caught.value)


def test_an_answer_comes_within_two_tenths_of_a_second_whatever_the_work(tmp_path: Path) -> None:
    with vendor_api(FakeVendor(delay=2.0)) as api:
        settings = load_settings(data_dir=tmp_path, webhooks={"zammad": vendor_settings(api)})
        with TestClient(create_app(settings, model())) as client:
            tickets = count()

            def longest() -> float:
                taken = []
                for i in islice(tickets, 20):
                    started = time.perf_counter()
                    event = {"ticket": {"id": i}, "article": {"id": i, "body": COMPLAINT}}
                    assert send(client, "zammad", event).status_code == 202
                    taken.append(time.perf_counter() - started)
                return max(taken)

            assert_quick(longest, 0.2)


# The store ------------------------------------------------------------------------------------------------------------


def test_a_delivery_is_remembered_for_72_hours_across_restarts(tmp_path: Path) -> None:
    now = 1000.0
    keys = [id_key("zammad", "1"), body_key("zammad", b"{}")]

    def accept(*given: str) -> bool:
        store = DeliveryStore(tmp_path / "d.sqlite3", clock=lambda: now)
        store.forget_old()
        try:
            return store.accept("zammad", given, [Incoming("1", str(now), "text")])
        finally:
            store.close()

    assert accept(*keys)
    assert not accept(keys[0])
    assert not accept(keys[1])
    now += REMEMBERED_SECONDS - 1
    assert not accept(*keys)
    now += 2
    assert accept(*keys)


def test_the_words_are_wiped_from_disk_once_the_work_is_done(tmp_path: Path) -> None:
    store = DeliveryStore(tmp_path / "d.sqlite3")
    store.accept("generic", ["k"], [Incoming("1", "", "PECULIAR WORDS" * 50)])
    job = store.next_job()
    assert job is not None
    store.finish(job)
    assert (store.next_job(), store.waiting()) == (None, 0)
    store.close()
    assert not [f.name for f in tmp_path.iterdir() if b"PECULIAR WORDS" in f.read_bytes()]


def test_one_message_makes_one_job_however_it_is_delivered(tmp_path: Path) -> None:
    store = DeliveryStore(tmp_path / "d.sqlite3")
    for i in range(5):
        assert store.accept("zendesk", [f"k{i}"], [Incoming("42", "", f"text {i}")])
    assert store.waiting() == 1
    store.close()


# Writing back ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", WRITING)
def test_the_note_is_written_back_as_an_internal_one(tmp_path: Path, vendor: str) -> None:
    with vendor_api() as api:
        api.tickets = {"/crm/v3/objects/tickets/42?properties=content": {"properties": {"content": COMPLAINT}}}
        settings = load_settings(
            data_dir=tmp_path, public_url="http://testserver", webhooks={vendor: vendor_settings(api)}
        )
        with TestClient(create_app(settings, model())) as client:
            assert send(client, vendor, EVENTS[vendor](COMPLAINT)).status_code == 202
            eventually(lambda: api.notes)
            eventually(lambda: client.app.state.desk.store.waiting() == 0)  # type: ignore[attr-defined]
        (note,) = api.notes
        said = json.dumps(note)
        answers = model()(COMPLAINT).answers
    assert "What is the real opportunity here?" in said
    assert "How can I help?" in said
    assert answers is not None
    assert is_internal(vendor, note)
    assert "tok" in api.calls[-1][2].get("authorization", "") + api.calls[-1][2].get("api_access_token", "") or (
        api.calls[-1][2]["authorization"].startswith("Basic ")
    )


def is_internal(vendor: str, note: dict[str, Any]) -> bool:
    return {
        "zendesk": lambda: note["ticket"]["comment"]["public"] is False,
        "zammad": lambda: note["internal"] is True and note["type"] == "note",
        "chatwoot": lambda: note["private"] is True,
        "freshdesk": lambda: note["private"] is True,
        "intercom": lambda: note["message_type"] == "note",
        "hubspot": lambda: "hs_note_body" in note["properties"],
        "generic": lambda: note["internal"] is True,
    }[vendor]()


def test_a_note_in_html_escapes_the_customers_words(tmp_path: Path) -> None:
    nasty = f"<img src=x onerror=alert(1)> {COMPLAINT} <script>alert(1)</script>"
    with vendor_api() as api, working(tmp_path, "freshdesk", api) as store:
        store.accept("freshdesk", ["k"], [Incoming("42", "", nasty)])
        eventually(lambda: api.notes)
    assert "<img" not in api.notes[0]["body"]
    assert "<script" not in api.notes[0]["body"]
    assert "<p><b>How can I help?</b>" in api.notes[0]["body"]


class working:  # noqa: N801  (reads as a statement)
    """A store and a worker that works it off."""

    def __init__(self, folder: Path, vendor: str, api: FakeVendor, triage: Any = None, seconds: float = 5.0) -> None:
        self.store = DeliveryStore(folder / "deliveries.sqlite3")
        webhooks = load_settings(webhooks={vendor: vendor_settings(api)}).webhooks
        self.worker = Worker(self.store, triage or model(), webhooks, seconds, first_wait=0.05)

    def __enter__(self) -> DeliveryStore:
        self.worker.start()
        return self.store

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self.store.close()


def test_a_vendor_that_is_down_for_a_while_gets_its_note_once(tmp_path: Path) -> None:
    with vendor_api(FakeVendor(statuses=[503, 429, 500])) as api, working(tmp_path, "zammad", api) as store:
        store.accept("zammad", ["k"], [Incoming("42", "7", COMPLAINT)])
        eventually(lambda: api.notes)
        eventually(lambda: store.waiting() == 0)
    assert len(api.notes) == 1


def test_a_note_that_arrived_though_the_answer_was_lost_is_not_written_again(tmp_path: Path) -> None:
    with vendor_api(FakeVendor(delay=1.5)) as api, working(tmp_path, "zammad", api, seconds=0.5) as store:
        store.accept("zammad", ["k"], [Incoming("42", "7", COMPLAINT)])
        eventually(lambda: store.waiting() == 0)
    assert len(api.notes) == 1
    assert [call[0] for call in api.calls] == ["POST", "GET"]


def test_a_vendor_that_refuses_for_good_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with vendor_api(FakeVendor(statuses=[403])) as api, working(tmp_path, "zammad", api) as store:
        store.accept("zammad", ["k"], [Incoming("42", "7", COMPLAINT)])
        eventually(lambda: store.waiting() == 0 and api.calls)
    assert (len(api.calls), api.notes) == (1, [])
    assert "given up: the vendor answered 403" in caplog.text


def test_a_broken_model_is_tried_again_and_the_log_has_no_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [RuntimeError("SECRETWORDS"), ValueError("SECRETWORDS")]

    def moody(complaint: Any) -> Any:
        if failures:
            raise failures.pop()
        return model()(complaint)

    with vendor_api() as api, working(tmp_path, "generic", api, moody) as store:
        store.accept("generic", ["k"], [Incoming("42", "", "SECRETWORDS " + COMPLAINT)])
        eventually(lambda: api.notes)
    assert "SECRETWORDS" not in caplog.text
    assert "is tried again: RuntimeError" in caplog.text


# Killed and replayed --------------------------------------------------------------------------------------------------


def post_all(given: dict[str, Any], times: int) -> Counter[str]:
    """What `times` concurrent deliveries of the same thing were answered."""
    barrier = threading.Barrier(20)

    def post(_: int) -> str:
        barrier.wait(10)
        try:
            return str(
                httpx.post(given["url"], content=given["content"], headers=given["headers"], timeout=20).json()[
                    "status"
                ]
            )
        except httpx.TransportError:
            return "lost"

    with ThreadPoolExecutor(20) as pool:
        return Counter(pool.map(post, range(times)))


@pytest.mark.slow
def test_a_hundred_replays_make_one_note_across_a_kill_at_any_moment(tmp_path: Path) -> None:
    with vendor_api(FakeVendor(delay=0.4)) as api:
        given = environment("chatwoot", api)
        with start_server(tmp_path, **given) as server:
            delivery = signed("chatwoot", server.url, EVENTS["chatwoot"](COMPLAINT))
            assert post_all(delivery, 100) == {"accepted": 1, "repeated": 99}
            eventually(lambda: api.notes)
            server.kill()  # while the vendor's answer is still on its way
        with start_server(tmp_path, **given) as server:
            again = {**delivery, "url": f"{server.url}/v1/webhooks/chatwoot"}
            assert post_all(again, 100) == {"repeated": 100}
            eventually(lambda: waiting(server) == 0)
        assert len(api.notes) == 1


@pytest.mark.slow
def test_what_was_accepted_survives_a_kill(tmp_path: Path) -> None:
    vendor = FakeVendor(statuses=[503] * 400)  # the helpdesk is down while the service lives for the first time
    with vendor_api(vendor) as api:
        given = environment("zammad", api)
        with start_server(tmp_path, **given) as server:
            for i in range(10):
                event = {"ticket": {"id": i}, "article": {"id": i, "body": COMPLAINT}}
                sent = signed("zammad", server.url, event)
                assert httpx.post(sent["url"], content=sent["content"], headers=sent["headers"]).status_code == 202
            server.kill()
        assert api.notes == []
        vendor.statuses.clear()
        with start_server(tmp_path, **given):
            eventually(lambda: len(api.notes) == 10, 30)
        assert {note["ticket_id"] for note in api.notes} == {str(i) for i in range(10)}


def waiting(server: Server) -> int:
    figures = httpx.get(f"{server.url}/metrics").text
    (line,) = [line for line in figures.splitlines() if line.startswith("opportunity_deliveries_waiting ")]
    return int(float(line.split()[1]))
