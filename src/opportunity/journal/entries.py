"""What a journal gives back: stories, handled complaints, and the week they belong to."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from opportunity.errors import JournalError

__all__ = ["Handled", "Story", "Week"]


@dataclass(frozen=True, slots=True)
class Week:
    """A calendar week, from Monday, in UTC.

    Attributes
    ----------
    start : datetime
        Its Monday at midnight.

    Examples
    --------
    >>> str(Week.parse("2026-W47"))
    '2026-W47'
    """

    start: datetime

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-W47``."""
        try:
            return cls(datetime.strptime(f"{text}-1", "%G-W%V-%u").replace(tzinfo=UTC))
        except ValueError as error:
            raise JournalError(f"{text!r} is no week; write it like 2026-W47") from error

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the week of a moment."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(day - timedelta(days=day.weekday()))

    @property
    def bounds(self) -> tuple[str, str]:
        """From, and up to but without, as the journal writes moments."""
        return self.start.isoformat(), (self.start + timedelta(days=7)).isoformat()

    def __str__(self) -> str:
        return self.start.strftime("%G-W%V")


@dataclass(frozen=True, slots=True)
class Story:
    """What is worth telling again.

    Attributes
    ----------
    id : int
    at : str
        When it was written down.
    title, happened, done : str
    plus_one : str or None
        The one thing more.
    said : str or None
        What the customer said after.
    suggestion : int or None
        The journal's number of the suggestion that it belongs to.
    """

    id: int
    at: str
    title: str
    happened: str
    done: str
    plus_one: str | None = None
    said: str | None = None
    suggestion: int | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """A complaint of the journal with what became of it.

    Attributes
    ----------
    id : int
        The journal's number of the suggestion.
    complaint : str or None
        The helpdesk's id.
    opportunity : str or None
    help : tuple of str
    text : str
        The complaint, masked unless the journal was told otherwise.
    out_of_ten : float or None
        What the last reply's review gave.
    mend_first : str or None
        What that review would mend first.
    level : str or None
        The level that was reached.
    words : str or None
        What the customer said.
    corrected : bool
        Whether an agent corrected the labels.
    told : bool
        Whether there is a story of it already.
    advice : str or None
        The second answer, as it was shown.
    """

    id: int
    complaint: str | None
    opportunity: str | None
    help: tuple[str, ...]
    text: str
    out_of_ten: float | None
    mend_first: str | None
    level: str | None
    words: str | None
    corrected: bool
    told: bool
    advice: str | None = None
