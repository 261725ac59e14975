"""The tokens that a reader is taught to mark are those of the facts, wherever cleaning and folding have put them."""

import numpy as np
import pytest
from reader_support import READER, small_tokenizer

from opportunity.learning.datasets import LabelledRow
from opportunity.learning.fact_marks import fact_marks, least_marks
from opportunity.model.columns import FACTS
from opportunity.records import Labels

LABELS = Labels.from_dict(
    {
        "kind": "complaint",
        "failure": ["late_or_missing"],
        "opportunity": ["fix_the_cause"],
        "help": ["explain"],
        "urgency": "soon",
        "heat": "calm",
        "flags": [],
    }
)


def row(text: str, facts: dict[str, str] | None) -> LabelledRow:
    return LabelledRow("1", text, LABELS, facts=facts)


def marked(text: str, facts: dict[str, str], fact: str) -> list[int]:
    (marks,) = fact_marks([row(text, facts)], small_tokenizer(), 256)
    return np.flatnonzero(marks[:, FACTS.index(fact)]).tolist()


def test_the_tokens_of_a_quote_are_marked():
    assert marked("my parcels is late", {"item": "parcels"}, "item") == [
        2,
        3,
    ]  # after the marker: my parcel ##s is late
    assert marked("my parcels is late", {"item": "parcels"}, "amount") == []


def test_every_place_where_the_quote_stands_is_marked():
    assert marked("parcel is late, my parcel", {"item": "parcel"}, "item") == [1, 6]


def test_a_quote_is_found_again_where_the_text_was_cleaned_and_folded():
    assert marked("Hi there,\nmy parcel &amp; refund £45.50", {"amount": "£45.50"}, "amount") == [5]


def test_rows_whose_facts_nobody_looked_for_are_not_known():
    assert fact_marks([row("my parcel", None)], small_tokenizer(), 256) == [None]


@pytest.mark.parametrize(("fact", "wrong"), [("amount", 0), ("item", 1)])
def test_a_mark_counts_from_the_log_odds_that_part_right_from_wrong_an_item_while_seven_in_ten_are_right(fact, wrong):
    texts = ["my parcel is late", "late parcel", "refund please", "parcels again", "is late", "please"]
    strongest = [READER.votes(text).marks.strength[:, FACTS.index(fact)] for text in texts]
    words = [
        text.split()[min(int(s.argmax()), len(text.split()) - 1)] for text, s in zip(texts, strongest, strict=True)
    ]
    tops = [float(s.max()) for s in strongest]
    right = {int(i) for i in np.argsort(tops)[3:]}
    rows = [row(text, {fact: words[i]} if i in right else {}) for i, text in enumerate(texts)]
    assert least_marks(READER, rows) == {fact: round(sorted(tops)[3 - wrong], 3)}


def test_facts_that_no_row_names_are_left_out():
    assert least_marks(READER, [row("my parcel", {}), row("late", None)]) == {}
