"""A reader and a table joined: how much the table's votes count, and when its answer stands without the reader."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opportunity.learning.datasets import LabelledRow, domains, prepared_texts
from opportunity.model.calibration import Calibration, hardest, least_probability
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import INDEPENDENT, SLICES, targets
from opportunity.model.joint import Joint
from opportunity.model.reader import Reader
from opportunity.model.table import Table

__all__ = ["AGREEMENT", "join"]

AGREEMENT = 0.97
"""How often the table's answer must be the reader's where it answers in its place, in the hardest domains."""


def join(
    reader: Reader,
    table: Table,
    classifier: OpportunityClassifier,
    taught: Sequence[LabelledRow],
    held: Sequence[LabelledRow],
) -> tuple[Joint, NDArray[np.float32]]:
    """Join a reader with a table, by rows that neither was taught.

    Parameters
    ----------
    reader : Reader
        Taught the rows `taught`.
    table : Table
    classifier : OpportunityClassifier
        Not fitted; fitted on `taught` it stands for the table, which may have seen all rows.
    taught, held : sequence of LabelledRow

    Returns
    -------
    joint : Joint
    logits : ndarray of float32, shape (n_held, n_columns)
        What it says of the held rows, with the classifier in the table's place.
    """
    texts, labels = prepared_texts(held), [row.labels for row in held]
    said = classifier.fit(prepared_texts(taught), [row.labels for row in taught]).decision_function(texts)
    logits, truth, share = reader.score(texts).logits.copy(), targets(labels), {}
    for head, columns in SLICES.items():
        share[head] = _share(head, logits[:, columns], said[:, columns], truth[:, columns])
        logits[:, columns] += np.float32(share[head]) * said[:, columns]
    where = domains(held)
    calibration, hard = Calibration.fit(logits, labels, where), hardest(logits, labels, where)
    sure = _sure_enough(table.calibration.probabilities(said[hard]), calibration.probabilities(logits[hard]))
    return Joint(reader, table, share, replace(calibration, sure=sure, marks=reader.calibration.marks)), logits


def _sure_enough(table: NDArray[np.float32], joint: NDArray[np.float32]) -> float:
    """The probability from which the table agrees with both; 1.01, which none reaches, where it never does."""
    of_table, of_both = (probability[:, SLICES["opportunity"]] for probability in (table, joint))
    agree = of_table.argmax(axis=1) == of_both.argmax(axis=1)
    least = least_probability(of_table.max(axis=1), agree, AGREEMENT)
    return 1.01 if least is None else least


def _share(head: str, read: NDArray[np.float32], said: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """How much the table counts where both together are least surprised by the truth (Wolpert 1992, stacking)."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax, softplus

    def surprise(weights: NDArray[np.float64]) -> float:
        logits = weights[0] * read + weights[1] * said
        if head in INDEPENDENT:
            logits = logits + weights[2]
            return float((softplus(logits) - (truth > 0) * logits).mean())
        return float(-(truth * log_softmax(logits, axis=1)).sum(axis=1).mean())

    ours, theirs, _ = minimize(surprise, [1.0, 0.5, 0.0], method="L-BFGS-B", bounds=[(0.05, 5), (0, 5), (-5, 5)]).x
    return round(float(theirs / ours), 3)
