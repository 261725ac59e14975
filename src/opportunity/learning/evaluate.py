"""How good a model is, beside labelled rows: figures, per-label table, silence, calibration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import DataError
from opportunity.learning.datasets import LabelledRow, prepared_texts
from opportunity.model.calibration import calibration_error, labels_at
from opportunity.model.columns import SLICES
from opportunity.model.votes import Model
from opportunity.records import Labels
from opportunity.taxonomy import TAXONOMY

__all__ = ["Coverage", "Evaluation", "LabelFigures", "evaluate", "figures"]

LEAST_SUPPORT = 5
"""Rows that a label needs to count in a macro mean."""


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """How one primary opportunity is told from the others.

    Attributes
    ----------
    label : str
    support : int
        Rows that have it.
    precision, recall, f1 : float
    """

    label: str
    support: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is right of what is said when only the surest share speaks.

    Attributes
    ----------
    coverage : float
    accuracy : float
    probability : float
        Of the least sure answer among them.
    """

    coverage: float
    accuracy: float
    probability: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured of a model on labelled rows.

    Attributes
    ----------
    figures : dict of str to float
        ``index`` is the mean of the seven head figures; then top-1, recall at 3 and others of the opportunity.
    opportunities : tuple of LabelFigures
    curve : tuple of Coverage
    calibration_error : float
        Of the primary opportunity's probability, in 15 bins.
    spoken_coverage, spoken_accuracy : float
        The share of rows on which the model does not abstain, and how often it is right there.
    """

    figures: dict[str, float]
    opportunities: tuple[LabelFigures, ...]
    curve: tuple[Coverage, ...] = field(repr=False)
    calibration_error: float
    spoken_coverage: float
    spoken_accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "figures": self.figures,
            "opportunities": [_fields(x) for x in self.opportunities],
            "curve": [_fields(x) for x in self.curve],
            "calibration_error": self.calibration_error,
            "spoken_coverage": self.spoken_coverage,
            "spoken_accuracy": self.spoken_accuracy,
        }


def _fields(part: LabelFigures | Coverage) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__}


def evaluate(model: Model, rows: Sequence[LabelledRow]) -> Evaluation:
    """Measure a model on labelled rows.

    Parameters
    ----------
    model : Model
        As ``triage.model`` holds it.
    rows : sequence of LabelledRow

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If there are no rows.
    """
    if not rows:
        raise DataError("there are 0 labelled rows; at least one is needed to measure a model")
    return measure(model.read_many(prepared_texts(rows)).probability, [row.labels for row in rows], model.calibration)


def measure(probability: NDArray[np.float32], gold: Sequence[Labels], calibration: Any) -> Evaluation:
    """Measure probabilities against gold labels; `evaluate` after the model has read.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_rows, n_columns)
    gold : sequence of Labels
    calibration : Calibration

    Returns
    -------
    Evaluation
    """
    places = calibration.choose(probability)
    chosen = [labels_at(places, row) for row in range(len(gold))]
    part = probability[:, SLICES["opportunity"]]
    truth = np.array([TAXONOMY["opportunity"].index[_primary(row)] for row in gold])
    first, right = part.max(axis=1), part.argmax(axis=1) == truth
    spoken = np.array([reason is None for reason in calibration.abstentions(probability)])
    return Evaluation(
        figures=figures(gold, chosen, np.argsort(-part, axis=1, kind="stable")),
        opportunities=_per_opportunity(truth, part.argmax(axis=1)),
        curve=_curve(first, right),
        calibration_error=calibration_error(first, right),
        spoken_coverage=float(spoken.mean()),
        spoken_accuracy=float(right[spoken].mean()) if spoken.any() else 0.0,
    )


def figures(gold: Sequence[Labels], chosen: Sequence[Labels], ranking: NDArray[np.int64]) -> dict[str, float]:
    """Return the figures of the project's gold score.

    Parameters
    ----------
    gold, chosen : sequence of Labels
    ranking : ndarray of int, shape (n_rows, n_opportunities)
        Opportunities' places, best first.

    Returns
    -------
    dict of str to float
        Seven head figures, their mean ``index``, and figures of the opportunity and of help.
    """
    pairs = list(zip(gold, chosen, strict=True))
    out = {
        "kind_macro_f1": _macro_f1(pairs, lambda row: row.kind or ""),
        "failure_macro_f1": _macro_f1(pairs, lambda row: row.failure[0] if row.failure else "none"),
        "opportunity_macro_f1": _macro_f1(pairs, _primary),
        "help_micro_f1": _set_f1([(set(g.help), set(c.help)) for g, c in pairs]),
        "urgency_kappa": _kappa(pairs, "urgency"),
        "heat_kappa": _kappa(pairs, "heat"),
        "flags_micro_f1": _set_f1([(set(g.flags), set(c.flags)) for g, c in pairs]),
    }
    out["index"] = sum(out.values()) / len(out)
    names = TAXONOMY["opportunity"].names
    clear = [_primary(g) == _primary(c) for g, c in pairs if _primary(g) != "none_clear"]
    helped = [c.help[:1] for g, c in pairs if g.help and c.help[:1] and c.help[0] in g.help]
    out["opportunity_top1"] = _share([_primary(g) == _primary(c) for g, c in pairs])
    out["opportunity_top1_in_gold_set"] = _share([_primary(c) in (g.opportunity or ("none_clear",)) for g, c in pairs])
    out["opportunity_recall_at_3"] = _share(
        [_primary(g) in [names[i] for i in best[:3]] for (g, _), best in zip(pairs, ranking, strict=True)]
    )
    out["opportunity_top1_when_clear"] = _share(clear)
    out["help_precision_at_1"] = len(helped) / max(1, sum(bool(g.help) for g in gold))
    return out


def _share(right: Sequence[bool]) -> float:
    return sum(right) / max(1, len(right))


def _primary(row: Labels) -> str:
    return row.opportunity[0] if row.opportunity else "none_clear"


def _macro_f1(pairs: Sequence[tuple[Labels, Labels]], told: Callable[[Labels], str]) -> float:
    from sklearn.metrics import f1_score

    gold, said = [told(g) for g, _ in pairs], [told(c) for _, c in pairs]
    labels = [label for label in sorted(set(gold)) if gold.count(label) >= LEAST_SUPPORT]
    return float(f1_score(gold, said, labels=labels, average="macro", zero_division=0)) if labels else 0.0


def _set_f1(pairs: Sequence[tuple[set[str], set[str]]]) -> float:
    total = sum(len(g) + len(c) for g, c in pairs)
    return 2 * sum(len(g & c) for g, c in pairs) / total if total else 1.0


def _kappa(pairs: Sequence[tuple[Labels, Labels]], head: str) -> float:
    from sklearn.metrics import cohen_kappa_score

    place = TAXONOMY[head].index
    gold = [place[getattr(g, head)] for g, _ in pairs]
    said = [place[getattr(c, head) or TAXONOMY[head].names[0]] for _, c in pairs]
    if len(set(gold) | set(said)) == 1:
        return 1.0
    return float(cohen_kappa_score(gold, said, weights="quadratic", labels=list(range(len(place)))))


def _per_opportunity(truth: NDArray[np.int64], said: NDArray[np.int64]) -> tuple[LabelFigures, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    names = TAXONOMY["opportunity"].names
    columns = precision_recall_fscore_support(truth, said, labels=list(range(len(names))), zero_division=0)
    return tuple(
        LabelFigures(name, int(n), float(p), float(r), float(f))
        for name, p, r, f, n in zip(names, *columns, strict=True)
    )


def _curve(first: NDArray[np.float32], right: NDArray[np.bool_]) -> tuple[Coverage, ...]:
    """Accuracy of the surest tenth, two tenths, ... all."""
    order = np.argsort(-first, kind="stable")
    out = []
    for tenth in range(1, 11):
        kept = order[: max(1, round(len(order) * tenth / 10))]
        if len(kept):
            out.append(Coverage(tenth / 10, float(right[kept].mean()), float(first[kept[-1]])))
    return tuple(out)
