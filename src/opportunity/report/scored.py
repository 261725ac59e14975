"""Rows of what ``opportunity score`` wrote, one by one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

from opportunity.batch.flat import WORDS, flat_row
from opportunity.batch.rows import Record, Reject, read_records
from opportunity.records import Abstained, Labels
from opportunity.taxonomy import HEADS, TAXONOMY

__all__ = ["ScoredRow", "read_scored"]

_NEEDED = ("id", *HEADS, "abstained", "opportunity_probability")
_REASONS = frozenset(get_args(Abstained))
_NOT_SCORED = "the row is not what opportunity score writes"


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A message as it was read, with the words that were kept of it.

    Attributes
    ----------
    id : str
    chosen : Labels
    abstained : str or None
        Why no advice was given, or None.
    probability : float
        Of the likeliest opportunity.
    evidence, help, text : str or None
        The words that decided, how to help, and the message; as they stand in the file, not masked.
    day : date or None
    """

    id: str
    chosen: Labels
    abstained: Abstained | None
    probability: float
    evidence: str | None
    help: str | None
    text: str | None
    day: date | None


def read_scored(path: Path, *, text_field: str = "text", date_field: str | None = None) -> Iterator[ScoredRow | Reject]:
    """Read a scored file by its ending.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.jsonl`` or ``.parquet``.
    text_field : str
        A kept field with the messages; there may be none.
    date_field : str or None
        A kept field with dates such as ``2026-11-20`` or ``2026-11-20T08:30:00Z``.

    Yields
    ------
    ScoredRow or Reject

    Raises
    ------
    DataError
        If the file cannot be read, was not written by ``opportunity score``, or has no such date field.
    """

    def hint(field: str, _: Sequence[str]) -> str:
        if field == date_field:
            return f" Score it again with --keep {field}."
        return f" Score it first: opportunity score {path} -o scored.csv"

    dates = () if date_field is None else (date_field,)
    for record in read_records(path, (*_NEEDED, *dates), (*WORDS, text_field), hint):
        yield record if isinstance(record, Reject) else _scored(record, text_field, date_field)


def _scored(record: Record, text_field: str, date_field: str | None) -> ScoredRow | Reject:
    try:
        row = flat_row(record.values, (text_field,)) if "chosen" in record.values else record.values
        return ScoredRow(
            id=str(row["id"]),
            chosen=_labels(row),
            abstained=_reason(row["abstained"]),
            probability=float(row["opportunity_probability"]),
            evidence=_text(row.get("evidence")),
            help=_text(row.get("answer_help")),
            text=_text(row.get(text_field)),
            day=None if date_field is None else _day(record.values.get(date_field)),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return record.reject(_NOT_SCORED)


def _labels(row: Mapping[str, Any]) -> Labels:
    chosen: dict[str, Any] = {}
    for name, head in TAXONOMY.items():
        value = row[name] or ()
        labels = value.split("|") if isinstance(value, str) else tuple(value)
        if not head.index.keys() >= set(labels):
            raise ValueError("an unknown label")
        chosen[name] = next(iter(labels), None) if head.form == "single" else tuple(labels)
    return Labels(**chosen)


def _reason(value: Any) -> Abstained | None:
    if value in (None, ""):
        return None
    if value not in _REASONS:
        raise ValueError("an unknown reason")
    reason: Abstained = value
    return reason


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _day(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError:
        return None
