"""The figures of a scored backlog, taken in one pass over its rows."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from opportunity.records import Labels
from opportunity.report.scored import ScoredRow
from opportunity.taxonomy import HEADS, OPPORTUNITIES, TAXONOMY

__all__ = ["OpportunityFigures", "Summary", "Week", "summarize"]

MOST_URGENT = 20
CLEAREST = 10
MOST_WEEKS = 53
UNREAD = frozenset({"empty", "unsupported_language", "not_a_complaint"})
CANNOT_WAIT = frozenset({"today", "now"})
HEATED = frozenset({"upset", "furious"})


@dataclass(frozen=True, slots=True)
class OpportunityFigures:
    """The complaints whose primary opportunity this is.

    Attributes
    ----------
    label : str
    count, cannot_wait, heated : int
    share : float
        Of all complaints that were answered.
    clearest : tuple of ScoredRow
        The likeliest first.
    """

    label: str
    count: int
    share: float
    cannot_wait: int
    heated: int
    clearest: tuple[ScoredRow, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """The complaints of one week.

    Attributes
    ----------
    monday : date
    complaints, cannot_wait : int
    opportunities : mapping of str to int
        The answered ones by their primary opportunity.
    """

    monday: date
    complaints: int
    cannot_wait: int
    opportunities: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backlog holds.

    Attributes
    ----------
    messages : int
    complaints : int
        Those that read like a complaint or a suggestion: all but the unreadable, requests, praise and the like.
    answered : int
        Complaints that advice was given for.
    counts : mapping of str to mapping of str to int
        Per head how often each label was chosen: kinds of all messages, opportunities (the primary alone) and help of
        the answered ones, the others of all complaints.
    abstained : mapping of str to int
        By reason.
    opportunities : tuple of OpportunityFigures
        The most frequent first, ``none_clear`` last; those that never occur are left out.
    weeks : tuple of Week
        The latest `MOST_WEEKS` without a gap; empty where no complaint has a date.
    undated : int
        Complaints without a date that can be read.
    most_urgent : tuple of ScoredRow
    """

    messages: int
    complaints: int
    answered: int
    counts: Mapping[str, Mapping[str, int]]
    abstained: Mapping[str, int]
    opportunities: tuple[OpportunityFigures, ...]
    weeks: tuple[Week, ...]
    undated: int
    most_urgent: tuple[ScoredRow, ...]

    @property
    def cannot_wait(self) -> int:
        """How many complaints want an answer today."""
        return sum(self.counts["urgency"][label] for label in CANNOT_WAIT)


class _Best:
    """The few rows of a stream that rank highest; of equals the first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[tuple[float, ...], int, ScoredRow]] = []
        self._number = count(0, -1)

    def add(self, rank: tuple[float, ...], row: ScoredRow) -> None:
        """Take the row in if it ranks high enough."""
        entry = (rank, next(self._number), row)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    @property
    def rows(self) -> tuple[ScoredRow, ...]:
        """The rows, the highest first."""
        return tuple(row for _, _, row in sorted(self._heap, reverse=True))


def summarize(rows: Iterable[ScoredRow]) -> Summary:
    """Count a scored backlog, and keep what is worth reading of it.

    Parameters
    ----------
    rows : iterable of ScoredRow
        Read once; only the rows that are shown stay in memory.

    Returns
    -------
    Summary
    """
    tally = _Tally()
    for row in rows:
        tally.add(row)
    return tally.summary()


class _Tally:
    """What is counted while the rows go by."""

    def __init__(self) -> None:
        self.messages = 0
        self.counts = {head: Counter[str]() for head in HEADS}
        self.abstained = Counter[str]()
        self.cannot_wait = Counter[str]()
        self.heated = Counter[str]()
        self.weeks: dict[date | None, Counter[str]] = {}
        self.urgent = _Best(MOST_URGENT)
        self.clearest = {label: _Best(CLEAREST) for label in OPPORTUNITIES}

    def add(self, row: ScoredRow) -> None:
        """Count one message."""
        self.messages += 1
        self._count("kind", row.chosen.kind)
        if row.abstained:
            self.abstained[row.abstained] += 1
        if row.abstained not in UNREAD:
            self._add_complaint(row, row.chosen)

    def _add_complaint(self, row: ScoredRow, chosen: Labels) -> None:
        week = self.weeks.setdefault(row.day and row.day - timedelta(row.day.weekday()), Counter())
        week["complaints"] += 1
        week["cannot_wait"] += chosen.urgency in CANNOT_WAIT
        self._count("failure", *chosen.failure)
        self._count("urgency", chosen.urgency)
        self._count("heat", chosen.heat)
        self._count("flags", *chosen.flags)
        self.urgent.add(_urgency(row), row)
        if row.abstained is None and chosen.opportunity:
            primary = chosen.opportunity[0]
            week[primary] += 1
            self._count("opportunity", primary)
            self._count("help", *chosen.help)
            self.cannot_wait[primary] += chosen.urgency in CANNOT_WAIT
            self.heated[primary] += chosen.heat in HEATED
            self.clearest[primary].add((row.probability,), row)

    def _count(self, head: str, *labels: str | None) -> None:
        self.counts[head].update(label for label in labels if label)

    def summary(self) -> Summary:
        """Sum it up."""
        return Summary(
            messages=self.messages,
            complaints=sum(week["complaints"] for week in self.weeks.values()),
            answered=self.counts["opportunity"].total(),
            counts=self.counts,
            abstained=self.abstained,
            opportunities=tuple(self._figures(*found) for found in self._ranked()),
            weeks=_latest({monday: week for monday, week in self.weeks.items() if monday}),
            undated=self.weeks.get(None, Counter())["complaints"],
            most_urgent=self.urgent.rows,
        )

    def _ranked(self) -> list[tuple[str, int]]:
        """The opportunities by number; where none is clear comes last."""
        return sorted(self.counts["opportunity"].items(), key=lambda item: (item[0] == OPPORTUNITIES[-1], -item[1]))

    def _figures(self, label: str, number: int) -> OpportunityFigures:
        return OpportunityFigures(
            label=label,
            count=number,
            share=number / self.counts["opportunity"].total(),
            cannot_wait=self.cannot_wait[label],
            heated=self.heated[label],
            clearest=self.clearest[label].rows,
        )


def _urgency(row: ScoredRow) -> tuple[float, ...]:
    """What ranks a complaint among the urgent ones: the clock, danger, a deadline or a vulnerable person, anger."""
    chosen = row.chosen
    return (
        _place("urgency", chosen.urgency),
        "prevent_harm" in chosen.opportunity[:1],
        len({"deadline", "vulnerable"} & set(chosen.flags)),
        _place("heat", chosen.heat),
        row.probability,
    )


def _place(head: str, label: str | None) -> int:
    return -1 if label is None else TAXONOMY[head].index[label]


def _latest(weeks: Mapping[date, Counter[str]]) -> tuple[Week, ...]:
    """The latest weeks, those without a complaint among them."""
    if not weeks:
        return ()
    last = max(weeks)
    first = max(min(weeks), last - timedelta(weeks=MOST_WEEKS - 1))
    mondays = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
    return tuple(_week(monday, weeks.get(monday, Counter())) for monday in mondays)


def _week(monday: date, found: Counter[str]) -> Week:
    opportunities = {label: found[label] for label in OPPORTUNITIES if found[label]}
    return Week(monday, found["complaints"], found["cannot_wait"], opportunities)
