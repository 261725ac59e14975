import html

import pytest
from conftest import ROOT
from golden_support import GOLDEN, IDS, golden_cards

from opportunity.cli.card import HEIGHT, WIDTH


@pytest.fixture(scope="module")
def cards():
    return golden_cards()


@pytest.mark.parametrize("id_", IDS)
def test_card_is_drawn_as_it_was(cards, id_):
    kept = (GOLDEN / f"{id_}.txt").read_text(encoding="utf-8")
    assert cards[id_] == kept, "if the change is meant: python tests/golden_support.py, then look at git diff"


@pytest.mark.parametrize("id_", IDS)
def test_card_fits_one_screen_with_both_answers_first(cards, id_):
    lines = cards[id_].splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH
    assert "What is the real opportunity here?" in lines[1]
    assert any("How can I help?" in line for line in lines[:6])


def test_every_golden_card_is_one_of_these():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(IDS)


def test_readme_shows_a_card_as_a_picture():
    picture = html.unescape((ROOT / "docs" / "card.svg").read_text(encoding="utf-8")).replace("\xa0", " ")
    assert "(docs/card.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
    for words in ("What is the real opportunity here?", "How can I help?", "React", "Meet", "opportunity:"):
        assert words in picture
