"""How sure the table must be to answer in the reader's place."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opportunity.learning.datasets import LabelledRow
from opportunity.model.calibration import Calibration
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import SLICES
from opportunity.model.votes import Model
from opportunity.text.prepare import prepare_batch

__all__ = ["AGREEMENT", "sure_enough"]

AGREEMENT = 0.97
"""How often the table's answer must be the reader's where it answers in its place."""


def sure_enough(
    classifier: OpportunityClassifier,
    calibration: Calibration,
    taught: Sequence[LabelledRow],
    held: Sequence[LabelledRow],
    reader: Model,
) -> float:
    """Find the probability from which a table agrees with the reader, on rows that neither was taught.

    Parameters
    ----------
    classifier : OpportunityClassifier
        Not fitted.
    calibration : Calibration
        Of the table that it stands for.
    taught, held : sequence of LabelledRow
    reader : Model

    Returns
    -------
    float
        1.01, which no probability reaches, where they never agree often enough.
    """
    fitted = classifier.fit(_texts(taught), [row.labels for row in taught])
    texts = _texts(held)
    columns = SLICES["opportunity"]
    table = calibration.probabilities(fitted.decision_function(texts))[:, columns]
    agree = table.argmax(axis=1) == reader.read_many(texts).probability[:, columns].argmax(axis=1)
    return _least(table.max(axis=1), agree)


def _least(probability: NDArray[np.float32], agree: NDArray[np.bool_]) -> float:
    order = np.argsort(-probability, kind="stable")
    share = np.cumsum(agree[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= AGREEMENT)
    return float(probability[order[good[-1]]]) if good.size else 1.01


def _texts(rows: Sequence[LabelledRow]) -> list[str]:
    texts: list[str] = prepare_batch(pa.array([row.text for row in rows], pa.large_string())).to_pylist()
    return texts
