"""Which words decided: the votes for a label, merged to quotes of whole words."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from opportunity.model.columns import EXCLUSIVE, SLICES
from opportunity.model.votes import Votes
from opportunity.records import Evidence, Labels
from opportunity.taxonomy import TAXONOMY
from opportunity.text.prepare import Prepared

__all__ = ["find_evidence"]

MOST_WORDS = 14
"""Words of the longest quote."""

LEAST_SHARE = 0.15
"""The share of all votes in favour that a further quote must carry."""

QUOTES = 2
"""Quotes per label at most."""


def find_evidence(prepared: Prepared, votes: Votes, chosen: Labels) -> tuple[Evidence, ...]:
    """Quote the words that voted for what was chosen.

    Parameters
    ----------
    prepared : Prepared
        The message; quotes come from its source.
    votes : Votes
        On ``prepared.text``.
    chosen : Labels

    Returns
    -------
    tuple of Evidence
        Head by head in the order of interest, the strongest quote first.
    """
    if not len(votes.spans):
        return ()
    order = np.lexsort((votes.spans[:, 1], votes.spans[:, 0]))
    words = _words(prepared.text, votes.spans[order])
    first_word = np.searchsorted(words[:, 0], votes.spans[:, 0], side="right") - 1
    end_word = np.maximum(np.searchsorted(words[:, 0], votes.spans[:, 1]), first_word + 1)
    out = []
    for head, label in _labels(chosen):
        share = _spread(_for_label(votes.contributions, head, label), first_word, end_word, len(words))
        for first, last in _strongest(share):
            start, end = prepared.span(int(words[first, 0]), int(words[last, 1]))
            out.append(Evidence(head, label, prepared.source[start:end], start, end))
    return tuple(out)


def _labels(chosen: Labels) -> Iterable[tuple[str, str]]:
    """The labels to give evidence for, the ones of interest first."""
    for head in ("opportunity", "failure", "help", "flags"):
        for label in getattr(chosen, head):
            if label != "none_clear":
                yield head, label
    for head, calm in (("urgency", "routine"), ("heat", "calm")):
        label = getattr(chosen, head)
        if label not in (None, calm):
            yield head, label


def _for_label(contributions: NDArray[np.float32], head: str, label: str) -> NDArray[np.float32]:
    """Each vote for the label; in a head with one distribution, against the mean of its labels."""
    columns = SLICES[head]
    own = contributions[:, columns.start + TAXONOMY[head].index[label]]
    return own - contributions[:, columns].mean(axis=1) if head in EXCLUSIVE else own


def _words(text: str, spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """The whole words that the spans, which are in order, begin and end in."""
    starts, first = np.unique(spans[:, 0], return_index=True)
    ends = np.minimum.reduceat(spans[:, 1], first)  # the shortest span at each start is no pair of words
    begins = np.flatnonzero([i == 0 or not _inside_a_word(text, at) for i, at in enumerate(starts.tolist())])
    return np.stack([starts[begins], np.maximum.reduceat(ends, begins)], axis=1)


def _inside_a_word(text: str, at: int) -> bool:
    return at > 0 and all(c.isalnum() or c in "'’" for c in text[at - 1 : at + 1])


def _spread(
    values: NDArray[np.float32], first: NDArray[np.intp], end: NDArray[np.intp], n_words: int
) -> NDArray[np.float64]:
    """Share every vote among its words."""
    steps = np.zeros(n_words + 1)
    np.add.at(steps, first, values / (end - first))
    np.add.at(steps, end, -values / (end - first))
    shared: NDArray[np.float64] = np.cumsum(steps)[:-1]
    return shared


def _strongest(share: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The runs of words with the greatest sums, none overlapping; a word's price keeps them short."""
    favour = float(np.maximum(share, 0).sum())
    left = share - favour / len(share) / 2
    out: list[tuple[int, int]] = []
    while len(out) < QUOTES:
        first, last, total = _best_run(left)
        if total <= 0 or (out and total < LEAST_SHARE * favour):
            break
        out.append((first, last))
        left[first : last + 1] = -favour
    return out


def _best_run(values: NDArray[np.float64]) -> tuple[int, int, float]:
    """The run of at most `MOST_WORDS` values with the greatest sum."""
    most = min(MOST_WORDS, len(values))
    padded = np.concatenate([values, np.full(most - 1, -np.inf)]) if most > 1 else values
    sums = np.cumsum(padded[np.arange(len(values))[:, None] + np.arange(most)], axis=1)
    first, length = divmod(int(sums.argmax()), most)
    return first, first + length, float(sums[first, length])
