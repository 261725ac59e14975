"""How sure the table must be to answer in the reader's place."""

from collections.abc import Sequence

from opportunity.learning.datasets import LabelledRow, prepared_texts
from opportunity.model.calibration import Calibration, least_probability
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import SLICES
from opportunity.model.votes import Model

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
    fitted = classifier.fit(prepared_texts(taught), [row.labels for row in taught])
    texts = prepared_texts(held)
    columns = SLICES["opportunity"]
    table = calibration.probabilities(fitted.decision_function(texts))[:, columns]
    agree = table.argmax(axis=1) == reader.read_many(texts).probability[:, columns].argmax(axis=1)
    least = least_probability(table.max(axis=1), agree, AGREEMENT)
    return 1.01 if least is None else least
