"""From log-odds to an answer: probabilities, thresholds, silence.

A temperature per exclusive head (Guo et al. 2017) and a slope and offset per independent one (Platt 1999) are fitted
on answers that a model gave to rows it had not been taught. Thresholds are chosen on the same answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from opportunity.model.columns import EXCLUSIVE, INDEPENDENT, ORDINAL, RANKED, SLICES, targets
from opportunity.records import Abstained, Labels
from opportunity.taxonomy import TAXONOMY

__all__ = ["Calibration", "calibration_error", "hardest", "labels_at", "least_probability"]

Logits = NDArray[np.float32]
Probabilities = NDArray[np.float32]
Places = NDArray[np.int8]

RIGHT_WHEN_SPEAKING = 0.8
"""How often the first opportunity is to be right when the model does not abstain."""

HARD_SHARE = 1 / 3
"""The share of rows, those of the hardest domains, that sureness and silence are fitted on."""

FEWEST_OF_A_DOMAIN = 20
"""Rows by which a domain can be told to be hard."""

FEWEST_SPOKEN = 21
"""Answers that a threshold of silence must rest on at least."""

CONFIDENCE = 0.95
"""Of the interval whose lower end is to show that answers are right often enough."""

NOT_COMPLAINTS = ("request", "other")


@dataclass(frozen=True)
class Calibration:
    """What turns a model's log-odds into probabilities and labels.

    Attributes
    ----------
    temperature : mapping of str to float
        For each exclusive head, what its log-odds are divided by.
    slope, offset : mapping of str to float
        For each independent head, what its log-odds are multiplied by and then added.
    threshold : mapping of str to float
        For each independent head, the probability from which a label is chosen.
    second : mapping of str to float
        For each ranked exclusive head, the probability from which a further label is chosen.
    cuts : mapping of str to list of float
        For each ordinal head, the expected places at which the next label begins.
    speak : float
        Least probability of the first opportunity; below it the model abstains.
    margin : float
        Least distance between the first and the second opportunity.
    sure : float
        For a reader: the probability from which the table's first opportunity stands without it.
    marks : mapping of str to float
        For a reader, for each fact: the log-odds from which it names it; 0 where none is given.
    """

    temperature: Mapping[str, float]
    slope: Mapping[str, float]
    offset: Mapping[str, float]
    threshold: Mapping[str, float]
    second: Mapping[str, float]
    cuts: Mapping[str, Sequence[float]]
    speak: float
    margin: float
    sure: float = 1.0
    marks: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def plain(cls) -> Self:
        """Return what leaves log-odds as they are, with thresholds in the middle and no silence.

        Returns
        -------
        Calibration
        """
        return cls(
            temperature=dict.fromkeys(EXCLUSIVE, 1.0),
            slope=dict.fromkeys(INDEPENDENT, 1.0),
            offset=dict.fromkeys(INDEPENDENT, 0.0),
            threshold=dict.fromkeys(INDEPENDENT, 0.5),
            second=dict.fromkeys(RANKED, 0.25),
            cuts={h: [i + 0.5 for i in range(len(TAXONOMY[h].names) - 1)] for h in ORDINAL},
            speak=0.0,
            margin=0.0,
        )

    @classmethod
    def fit(cls, logits: Logits, rows: Sequence[Labels], domains: Sequence[str] | None = None) -> Self:
        """Fit on a model's answers to rows that it had not been taught.

        Parameters
        ----------
        logits : ndarray of float32, shape (n_rows, n_columns)
        rows : sequence of Labels
        domains : sequence of str or None
            Where each row comes from. How sure to be, and when to be silent, is then fitted on the domains in which the
            model is least often right: a business whose complaints are hard to read shall be able to rely on it, too.

        Returns
        -------
        Calibration
        """
        truth = targets(rows)
        hard = hardest(logits, rows, domains)
        temperature = {h: _temperature(logits[hard, SLICES[h]], truth[hard, SLICES[h]]) for h in EXCLUSIVE}
        platt = {h: _platt(logits[:, SLICES[h]], truth[:, SLICES[h]]) for h in INDEPENDENT}
        scaled = replace(
            cls.plain(),
            temperature=temperature,
            slope={h: slope for h, (slope, _) in platt.items()},
            offset={h: offset for h, (_, offset) in platt.items()},
        )
        probability = scaled.probabilities(logits)
        speak = least_probability(
            probability[hard, SLICES["opportunity"]].max(1),
            _right(logits, rows)[hard],
            RIGHT_WHEN_SPEAKING,
            fewest=FEWEST_SPOKEN,
            confidence=CONFIDENCE,
        )
        return replace(scaled._with_thresholds(probability, truth), speak=1.0 if speak is None else speak)

    def _with_thresholds(self, probability: Probabilities, truth: NDArray[np.float32]) -> Self:
        chosen = {h: _best_threshold(probability[:, SLICES[h]], truth[:, SLICES[h]] > 0) for h in INDEPENDENT}
        second = {h: _best_second(probability[:, SLICES[h]], truth[:, SLICES[h]]) for h in RANKED}
        cuts = {h: _best_cuts(probability[:, SLICES[h]], truth[:, SLICES[h]]) for h in ORDINAL}
        return replace(self, threshold=chosen, second=second, cuts=cuts)

    def probabilities(self, logits: Logits) -> Probabilities:
        """Return calibrated probabilities.

        Parameters
        ----------
        logits : ndarray of float32, shape (n_rows, n_columns)

        Returns
        -------
        ndarray of float32, shape (n_rows, n_columns)
            Each exclusive head sums to 1.
        """
        logits = np.asfortranarray(logits)  # numpy takes a quarter of the time where columns lie in one piece
        out = np.empty_like(logits, np.float32)
        for head in EXCLUSIVE:
            out[:, SLICES[head]] = _softmax(logits[:, SLICES[head]] / np.float32(self.temperature[head]))
        for head in INDEPENDENT:
            shifted = logits[:, SLICES[head]] * np.float32(self.slope[head]) + np.float32(self.offset[head])
            out[:, SLICES[head]] = _sigmoid(shifted)
        return out

    def choose(self, probability: Probabilities) -> dict[str, Places]:
        """Choose labels in the labelling guide's form.

        Parameters
        ----------
        probability : ndarray of float32, shape (n_rows, n_columns)

        Returns
        -------
        dict of str to ndarray of int8, shape (n_rows, most)
            Per head the places of the chosen labels in the taxonomy, filled from the left; -1 is none. After the
            first opportunity stand only those that the guide asks about later, in its order.
        """
        part = {head: probability[:, columns] for head, columns in SLICES.items()}
        out: dict[str, Any] = {"kind": _greatest(part["kind"])[:, None]}
        out["failure"] = self._failures(part["failure"])
        out["opportunity"] = self._opportunities(part["opportunity"])
        out |= {head: self._independent(head, part[head]) for head in INDEPENDENT}
        out |= {head: self._ordinal(head, part[head]) for head in self.cuts}
        return {head: out[head].astype(np.int8) for head in SLICES}

    def abstentions(self, probability: Probabilities) -> list[Abstained | None]:
        """Say for each row why no advice should rest on its probabilities, or None.

        Parameters
        ----------
        probability : ndarray of float32, shape (n_rows, n_columns)

        Returns
        -------
        list of str or None
        """
        kind = _greatest(probability[:, SLICES["kind"]])
        best = np.sort(probability[:, SLICES["opportunity"]], axis=1)[:, ::-1]
        reasons = np.full(len(kind), None, object)
        reasons[best[:, 0] - best[:, 1] < self.margin] = "narrow_margin"
        reasons[best[:, 0] < self.speak] = "low_probability"
        reasons[np.isin(kind, [TAXONOMY["kind"].index[name] for name in NOT_COMPLAINTS])] = "not_a_complaint"
        out: list[Abstained | None] = reasons.tolist()
        return out

    def _failures(self, part: Probabilities) -> Places:
        """The likeliest and further ones over the threshold; none where the extra column leads."""
        none, first = part.shape[1] - 1, _greatest(part)
        out = np.full((len(part), TAXONOMY["failure"].most), -1, np.int8)
        out[:, 0] = np.where(first == none, -1, first)
        several = np.flatnonzero((_how_many(part, self.second["failure"]) > 1) & (first != none))
        order = _likeliest(part[several], self.second["failure"], out.shape[1])
        out[several] = _from_left(order, (order >= 0) & (order != none))
        return out

    def _opportunities(self, part: Probabilities) -> Places:
        """The likeliest, and of those asked about later the likeliest over the threshold."""
        none, first = part.shape[1] - 1, _greatest(part)
        out = np.full((len(part), TAXONOMY["opportunity"].most), -1, np.int8)
        out[:, 0] = first
        several = np.flatnonzero((_how_many(part, self.second["opportunity"]) > 1) & (first < none))
        places = np.arange(none + 1)[None, :]
        later = np.where((places > first[several, None]) & (places < none), part[several], -1)
        best = _likeliest(later, self.second["opportunity"], out.shape[1] - 1)
        best = np.sort(np.where(best < 0, none, best), axis=1)
        out[several, 1:] = np.where(best < none, best, -1)
        return out

    def _independent(self, head: str, part: Probabilities) -> Places:
        """All labels over the threshold, likeliest first."""
        return _likeliest(part, self.threshold[head], min(TAXONOMY[head].most, part.shape[1]))

    def _ordinal(self, head: str, part: Probabilities) -> Places:
        """The label in whose stretch of the scale the expected place lies."""
        label = np.searchsorted(np.asarray(self.cuts[head]), _expected_place(part), side="right")
        return label[:, None].astype(np.int8)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**values)


def calibration_error(probability: NDArray[np.float32], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Return the expected calibration error.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_rows,)
        Of the answer given.
    right : ndarray of bool, shape (n_rows,)
        Whether it was right.
    bins : int
        Number of equally wide bins.

    Returns
    -------
    float
        Mean distance of probability and share of right answers, weighted by bin.

    Examples
    --------
    >>> calibration_error(np.float32([0.8, 0.8, 0.8, 0.8, 0.8]), np.array([1, 1, 1, 1, 0], bool))
    0.0
    """
    if not len(probability):
        return 0.0
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(float(probability[place == b].mean()) - float(right[place == b].mean())) * float((place == b).mean())
        for b in np.unique(place)
    ]
    return round(sum(gaps), 6)


def hardest(logits: Logits, rows: Sequence[Labels], domains: Sequence[str] | None) -> NDArray[np.intp]:
    """Find the rows of the domains that are least often read right, as many as make up `HARD_SHARE` of the rows.

    Small domains count as one: which of them is hard is mostly chance.

    Parameters
    ----------
    logits : ndarray of float32, shape (n_rows, n_columns)
    rows : sequence of Labels
    domains : sequence of str or None
        None takes all rows.

    Returns
    -------
    ndarray of int
    """
    if domains is None:
        return np.arange(len(rows))
    _, domain, n = np.unique(np.asarray(domains), return_inverse=True, return_counts=True)
    domain = np.where(n >= FEWEST_OF_A_DOMAIN, np.arange(len(n)), len(n))[domain]
    _, domain, n = np.unique(domain, return_inverse=True, return_counts=True)
    order = np.argsort(np.bincount(domain, _right(logits, rows)) / n, kind="stable")
    enough = np.searchsorted(np.cumsum(n[order]), HARD_SHARE * len(rows)) + 1
    return np.flatnonzero(np.isin(domain, order[:enough]))


def labels_at(places: Mapping[str, Places], row: int) -> Labels:
    """Return one row of what `Calibration.choose` gave, as labels.

    Parameters
    ----------
    places : mapping of str to ndarray of int8
    row : int

    Returns
    -------
    Labels
    """
    names = {head: tuple(TAXONOMY[head].names[i] for i in at[row].tolist() if i >= 0) for head, at in places.items()}
    single = {head: chosen[0] for head, chosen in names.items() if TAXONOMY[head].form == "single"}
    return Labels(**names | single)


def _from_left(order: Places, kept: NDArray[np.bool_]) -> Places:
    """Keep places in order; what is not kept is -1 at the right."""
    back = np.argsort(~kept, axis=1, kind="stable")
    return np.where(np.take_along_axis(kept, back, 1), np.take_along_axis(order, back, 1), -1)


def _greatest(part: Probabilities) -> NDArray[np.intp]:
    """The first greatest column of each row, in half the time that numpy takes where columns lie in one piece."""
    out: NDArray[np.intp] = (part == part.max(axis=1)[:, None]).argmax(axis=1)
    return out


def _how_many(part: Probabilities, least: float) -> NDArray[np.int8]:
    out: NDArray[np.int8] = (part >= least).sum(axis=1, dtype=np.int8)
    return out


def _likeliest(part: Probabilities, least: float, most: int) -> Places:
    """The columns of each row that reach the least, greatest first; -1 where there are no more."""
    out = np.full((len(part), most), -1, np.int8)
    left = np.asfortranarray(np.where(part >= least, part, -1))
    some = np.arange(len(part))
    for place in range(most):
        more = np.flatnonzero((left >= 0).any(axis=1))
        some, left = some[more], np.asfortranarray(left[more])
        out[some, place] = best = _greatest(left)
        left[np.arange(len(some)), best] = -1
    return out


def _softmax(logits: Logits) -> Probabilities:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    out: Probabilities = raised / sum(raised.T)[:, None]  # added in one order, however many rows there are
    return out


def _expected_place(probability: Probabilities) -> NDArray[np.float32]:
    """The mean place on an ordinal scale, added in one order, too."""
    out: NDArray[np.float32] = sum(place * share for place, share in enumerate(probability.T))
    return out


def _sigmoid(logits: Logits) -> Probabilities:
    out: Probabilities = (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)
    return out


def _temperature(logits: Logits, truth: NDArray[np.float32]) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        p = _softmax(logits / np.float32(np.exp(log_temperature)))
        return float(-(truth * np.log(p + 1e-9)).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def _platt(logits: Logits, truth: NDArray[np.float32]) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    if (truth > 0).all() or not (truth > 0).any():
        return 1.0, 0.0
    model = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), truth.ravel() > 0)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _best_threshold(probability: Probabilities, truth: NDArray[np.bool_]) -> float:
    """The threshold with the best micro F1."""

    def f1(threshold: float) -> float:
        said = probability >= threshold
        return float(2 * (said & truth).sum() / max(1, said.sum() + truth.sum()))

    return float(max(np.arange(0.1, 0.7, 0.01), key=f1).round(4))


def _best_second(probability: Probabilities, truth: NDArray[np.float32]) -> float:
    """The threshold for labels after the first with the best F1 over them."""
    rest = probability.copy()
    rest[np.arange(len(rest)), rest.argmax(1)] = 0
    return _best_threshold(rest, (truth > 0) & (truth < 0.5))


def _best_cuts(probability: Probabilities, truth: NDArray[np.float32]) -> list[float]:
    """Cut the expected place where the quantiles of the true labels lie: the shares of the labels are kept."""
    place = _expected_place(probability)
    shares = np.cumsum(truth.mean(axis=0))[:-1]
    return [float(x) for x in np.quantile(place, np.clip(shares, 0, 1))]


def _right(logits: Logits, rows: Sequence[Labels]) -> NDArray[np.bool_]:
    """Whether the likeliest opportunity is the first of each row."""
    told = np.array([TAXONOMY["opportunity"].index[row.opportunity[0]] for row in rows])
    out: NDArray[np.bool_] = logits[:, SLICES["opportunity"]].argmax(1) == told
    return out


def least_probability(
    probability: Probabilities,
    right: NDArray[np.bool_],
    share: float,
    *,
    fewest: int = 1,
    confidence: float | None = None,
) -> float | None:
    """Find the lowest probability above which answers are right as often as wanted.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_rows,)
    right : ndarray of bool, shape (n_rows,)
    share : float
        How often they are to be right.
    fewest : int
        Fewest answers that may stand above it.
    confidence : float or None
        Of the interval (Clopper and Pearson 1934) whose lower end must reach the share, because the lowest of many
        thresholds is partly luck; None takes the share as it was observed.

    Returns
    -------
    float or None
        None where they never are.
    """
    order = np.argsort(-probability, kind="stable")
    answers, hits = np.arange(1, len(order) + 1), np.cumsum(right[order], dtype=np.intp)
    reached = hits / answers if confidence is None else _lower_end(hits, answers, confidence)
    good = np.flatnonzero((reached >= share) & (answers >= fewest))
    return float(probability[order[good[-1]]]) if good.size else None


def _lower_end(hits: NDArray[np.intp], answers: NDArray[np.intp], confidence: float) -> NDArray[np.float64]:
    """The lower end of the exact confidence interval of a share."""
    from scipy.special import betaincinv

    out: NDArray[np.float64] = betaincinv(hits, answers - hits + 1, (1 - confidence) / 2)
    return out
