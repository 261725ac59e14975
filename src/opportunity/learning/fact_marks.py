"""Which of a message's tokens are part of a fact, for a reader to learn to mark them, and from when a mark counts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.learning.datasets import LabelledRow
from opportunity.model.calibration import Calibration
from opportunity.model.columns import FACTS
from opportunity.model.reader import Reader
from opportunity.text.prepare import prepare
from opportunity.text.tokens import fold_text

__all__ = ["fact_marks", "least_marks"]

BETA = 0.7
"""How recall counts beside precision when a fact is named: a wrong one in an answer harms more than one left out."""

ENOUGH_RIGHT = {"item": 0.7}
"""Facts that nearly every text names are named as long as so many of them are right; the F-measure is flat there."""


def fact_marks(rows: Sequence[LabelledRow], tokenizer: bytes, most_tokens: int) -> list[NDArray[np.bool_] | None]:
    """Mark the tokens of each row's facts.

    Parameters
    ----------
    rows : sequence of LabelledRow
    tokenizer : bytes
        A reader's, as JSON.
    most_tokens : int
        Tokens that are read of a message.

    Returns
    -------
    list of ndarray of bool, shape (n_tokens, n_facts), or None
        None where a row's facts are not known.
    """
    from tokenizers import Tokenizer

    encoder = Tokenizer.from_str(tokenizer.decode())
    encoder.enable_truncation(most_tokens)
    return [None if row.facts is None else _marks(row, encoder) for row in rows]


def _marks(row: LabelledRow, encoder: Any) -> NDArray[np.bool_]:
    prepared = prepare(row.text)
    folded = fold_text(prepared.text)
    offsets = encoder.encode(folded.text).offsets
    spans = np.array([prepared.span(*folded.span(*at)) if at[1] > at[0] else (0, 0) for at in offsets], np.int64)
    out = np.zeros((len(spans), len(FACTS)), bool)
    for fact, quote in (row.facts or {}).items():
        for start, end in _places(prepared.source, quote):
            out[:, FACTS.index(fact)] |= (spans[:, 0] < end) & (spans[:, 1] > start)
    return out


def least_marks(reader: Reader, rows: Sequence[LabelledRow]) -> dict[str, float]:
    """Find the log-odds from which each fact had best be named.

    Where the F-measure of the strongest words is greatest, or as low as enough of them are right.

    Parameters
    ----------
    reader : Reader
    rows : sequence of LabelledRow
        That it has not been taught.

    Returns
    -------
    dict of str to float
        Without the facts that are right in no row.
    """
    plain = replace(reader, calibration=Calibration.plain())  # whose marks are the log-odds themselves
    known = [row for row in rows if row.facts is not None]
    strongest = [_strongest(plain, row) for row in known]
    out = {}
    for place, fact in enumerate(FACTS):
        named = sum(fact in (row.facts or {}) for row in known)
        ranked = sorted((found[place] for found in strongest if found), reverse=True)
        right = np.cumsum([told for _, told in ranked])
        if named and len(right) and right[-1]:
            given = np.arange(1, len(right) + 1)
            enough = np.flatnonzero(right >= ENOUGH_RIGHT.get(fact, np.inf) * given)
            best = enough[-1] if len(enough) else ((1 + BETA**2) * right / (given + BETA**2 * named)).argmax()
            out[fact] = round(ranked[int(best)][0], 3)
    return out


def _strongest(reader: Reader, row: LabelledRow) -> list[tuple[float, bool]]:
    """For each fact, the log-odds of the word most marked, and whether it is part of the fact."""
    prepared = prepare(row.text)
    marks = reader.votes(prepared.text).marks
    if marks is None or not len(marks.spans):
        return []
    best, facts = marks.strength.argmax(axis=0), row.facts or {}
    out = []
    for place, fact in enumerate(FACTS):
        start, end = prepared.span(*marks.spans[best[place]])
        quotes = _places(prepared.source, facts[fact]) if fact in facts else ()
        told = any(start < stop and end > first for first, stop in quotes)
        out.append((float(marks.strength[best[place], place]), told))
    return out


def _places(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """Wherever a quote stands in a text."""
    at = text.find(quote)
    while at >= 0:
        yield at, at + len(quote)
        at = text.find(quote, at + len(quote))
