"""Labels that are likely wrong: what cleanlab makes of probabilities for rows that the model was not taught."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import MissingExtraError
from opportunity.learning.datasets import LabelledRow
from opportunity.model.columns import SLICES
from opportunity.taxonomy import TAXONOMY

try:
    from cleanlab.filter import find_label_issues
except ImportError as fault:
    raise MissingExtraError("finding doubtful labels", "train") from fault

__all__ = ["Doubt", "find_doubts"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row whose first opportunity is likely another one.

    Attributes
    ----------
    id : str
    given, likelier : str
        The label that the row has, and the one that the model thinks likeliest.
    probability : float
        Of the given label.
    """

    id: str
    given: str
    likelier: str
    probability: float


def find_doubts(rows: Sequence[LabelledRow], probability: NDArray[np.float32]) -> list[Doubt]:
    """Return the rows whose first opportunity is likely labelled wrong, the most doubtful first.

    By confident learning (Northcutt et al. 2021): a row is doubtful where the model is about as sure of another label
    as it is on average of the rows that have that label.

    Parameters
    ----------
    rows : sequence of LabelledRow
    probability : ndarray of float32, shape (n_rows, n_columns)
        From a model that was not taught the rows, such as ``Training.probability``.

    Returns
    -------
    list of Doubt

    Examples
    --------
    >>> import numpy as np
    >>> from opportunity.learning.audit import find_doubts
    >>> from opportunity.learning.datasets import LabelledRow
    >>> from opportunity.model.columns import targets
    >>> from opportunity.records import Labels
    >>> def row(id, opportunity):
    ...     return LabelledRow(id, "", Labels("complaint", (), (opportunity,), (), "soon", "calm"))
    >>> rows = [row(f"a{i}", "make_whole") for i in range(9)] + [row(f"b{i}", "fix_the_cause") for i in range(9)]
    >>> truth = targets([r.labels for r in rows])
    >>> wrong = [row("a0", "fix_the_cause"), *rows[1:]]
    >>> find_doubts(wrong, 0.8 * truth + 0.01)
    [Doubt(id='a0', given='fix_the_cause', likelier='make_whole', probability=0.01)]
    """
    head, part = TAXONOMY["opportunity"], probability[:, SLICES["opportunity"]].astype(np.float64)
    given = np.array([head.index[row.labels.opportunity[0]] for row in rows])
    likeliest = part.argmax(axis=1)
    how = {"filter_by": "confident_learning", "return_indices_ranked_by": "self_confidence", "n_jobs": 1}
    found = find_label_issues(given, part, **how)
    return [
        Doubt(rows[i].id, head.names[given[i]], head.names[likeliest[i]], round(float(part[i, given[i]]), 4))
        for i in found.tolist()
    ]
