"""The columns that every model answers in: one per label, head after head, and one more where no failure is told."""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from opportunity.records import Labels
from opportunity.taxonomy import TAXONOMY

__all__ = [
    "COLUMNS",
    "EXCLUSIVE",
    "FACTS",
    "INDEPENDENT",
    "NO_FAILURE",
    "ORDINAL",
    "RANKED",
    "SLICES",
    "softmax_targets",
    "targets",
]

EXCLUSIVE = ("kind", "failure", "opportunity", "urgency", "heat")
"""Heads whose labels share one distribution; for the ranked ones it is that of the primary label."""

INDEPENDENT = ("help", "flags")
"""Heads whose labels are each there or not."""

RANKED = ("failure", "opportunity")
"""Exclusive heads that further labels may be chosen of."""

ORDINAL = ("urgency", "heat")
"""Exclusive heads whose labels stand on a scale."""

NO_FAILURE = "none"
"""The extra column of the head ``failure``; it is never shown."""

FACTS = ("item", "deadline", "elapsed", "amount", "contacts", "reference")
"""Kinds of words that a reader marks, beside what it answers."""

SECOND_SHARE = 0.2
"""What the further labels of a ranked head have together of the distribution that a model is taught."""


def _lay_out() -> tuple[tuple[tuple[str, str], ...], MappingProxyType[str, slice]]:
    columns: list[tuple[str, str]] = []
    slices = {}
    for head in TAXONOMY.values():
        start = len(columns)
        columns += [(head.name, label) for label in head.names]
        columns += [(head.name, NO_FAILURE)] * (head.name == "failure")
        slices[head.name] = slice(start, len(columns))
    return tuple(columns), MappingProxyType(slices)


COLUMNS, SLICES = _lay_out()


def targets(rows: Sequence[Labels]) -> NDArray[np.float32]:
    """What a model is to answer: a distribution per exclusive head, ones and zeros elsewhere.

    Parameters
    ----------
    rows : sequence of Labels

    Returns
    -------
    ndarray of float32, shape (n_rows, n_columns)
    """
    out = np.zeros((len(rows), len(COLUMNS)), np.float32)
    for row, labels in zip(out, rows, strict=True):
        for name, head in TAXONOMY.items():
            answer = getattr(labels, name)
            part = row[SLICES[name]]
            if head.form == "single":
                part[head.index[answer]] = 1
            elif name in INDEPENDENT:
                part[[head.index[label] for label in answer]] = 1
            else:
                softmax_targets(part, [head.index[label] for label in answer])
    return out


def softmax_targets(part: NDArray[np.float32], places: Sequence[int]) -> None:
    """Share one distribution among ranked labels, in place; no label means the last column."""
    first, *further = places or [len(part) - 1]
    part[first] = 1 - SECOND_SHARE if further else 1
    if further:
        part[further] = SECOND_SHARE / len(further)
