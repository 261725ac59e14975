"""What several test files need: the real data beside the project, where it is, small trained models, a browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_support import XSS, chromium

from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.model.classifier import OpportunityClassifier
from opportunity.records import Labels

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def shared(name: str) -> Path:
    """A file beside the project; the test is skipped where it is not there."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} lies beside the project only where real messages are at hand")
    return path


@pytest.fixture(scope="session")
def corpus() -> list[LabelledRow]:
    return read_rows([ROOT / "data" / "complaints.jsonl"])


@pytest.fixture(scope="session")
def small(corpus: list[LabelledRow]) -> list[LabelledRow]:
    """A few hundred rows, spread over the corpus."""
    return corpus[:: max(1, len(corpus) // 400)]


@pytest.fixture(scope="session")
def classifier(small: list[LabelledRow]) -> OpportunityClassifier:
    """A classifier on n-grams alone, fitted in a second."""
    return OpportunityClassifier(min_messages=2, max_iter=50).fit(
        [row.text for row in small], [row.labels for row in small]
    )


@pytest.fixture(scope="session")
def complaints() -> list[str]:
    """The texts of the examples."""
    import csv

    with (ROOT / "data" / "examples" / "complaints.csv").open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


@pytest.fixture
def labels() -> Labels:
    return Labels("complaint", ("late_or_missing",), ("make_whole",), ("expedite",), "soon", "upset", ("repeat",))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["own", "naughty"])
def nasty(request: pytest.FixtureRequest) -> list[str]:
    """Texts that a page must show as they are: our own, and the list of naughty strings where it is there."""
    texts = XSS if request.param == "own" else json.loads(shared("data/blns.json").read_text(encoding="utf-8"))
    return [text for given in texts if (text := "".join(c for c in given if c >= " " or c in "\n\t").strip())]


def write_lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
