import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from serve_support import COMPLAINT
from starlette.testclient import TestClient

import opportunity
from opportunity.taxonomy import OPPORTUNITIES

EXAMPLES = Path(__file__).parent.parent / "examples"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:starlette", "ignore::DeprecationWarning:httpx")


def test_every_example_is_run_here() -> None:
    assert {p.name for p in EXAMPLES.glob("*.py")} == {
        "embed.py",
        "flask_app.py",
        "helpdesk_macros.py",
        "starlette_app.py",
    }


def test_embedding_takes_fifteen_lines(capsys: pytest.CaptureFixture[str]) -> None:
    source = (EXAMPLES / "embed.py").read_text(encoding="utf-8")
    assert len([line for line in source.splitlines()[1:] if line.strip()]) <= 15
    runpy.run_path(str(EXAMPLES / "embed.py"))
    said = capsys.readouterr().out
    assert said.startswith("Opportunity: ")
    assert len(said.splitlines()) >= 4


def test_the_flask_application_answers() -> None:
    pytest.importorskip("flask", reason="flask is not installed; run: pip install -e '.[dev]'")
    client = runpy.run_path(str(EXAMPLES / "flask_app.py"))["app"].test_client()
    assert client.post("/complaints", data=COMPLAINT.encode()).get_json() == opportunity.load()(COMPLAINT).to_dict()


def test_the_starlette_application_answers() -> None:
    with TestClient(runpy.run_path(str(EXAMPLES / "starlette_app.py"))["app"]) as client:
        assert client.post("/complaints", content=COMPLAINT.encode()).json() == opportunity.load()(COMPLAINT).to_dict()


@pytest.mark.parametrize("form", ["zendesk", "django-helpdesk"])
def test_the_macros_have_a_draft_for_every_opportunity(form: str) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "helpdesk_macros.py"), form], capture_output=True, text=True, check=True
    )
    given = json.loads(done.stdout)
    texts = (
        [macro["actions"][0]["value"] for macro in given["macros"]]
        if form == "zendesk"
        else [reply["fields"]["body"] for reply in given]
    )
    assert len(texts) == len(set(texts)) == len(OPPORTUNITIES)
    assert all(len(text) > 80 for text in texts)
