"""From a scored file to the page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from opportunity.advice.playbook import Playbook, load_playbook
from opportunity.batch.rows import Reject, write_rejects
from opportunity.errors import DataError, MissingExtraError
from opportunity.report.scored import ScoredRow, read_scored
from opportunity.report.summary import summarize

__all__ = ["Reported", "write_report"]


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a scored file.

    Attributes
    ----------
    read, rejected : int
        Rows; the second is part of the first.
    rejects : Path or None
        Where the rejected rows lie, if there are any.
    """

    read: int
    rejected: int
    rejects: Path | None


def write_report(
    scored: Path,
    out: Path,
    *,
    title: str,
    text_field: str = "text",
    date_field: str | None = None,
    playbook: Playbook | None = None,
) -> Reported:
    """Write one page about a scored backlog.

    Parameters
    ----------
    scored : Path
        What ``opportunity score`` wrote.
    out : Path
        The HTML file; complete in itself, without a script, the customers' words masked.
    title : str
    text_field : str
        A kept field with the messages; there may be none.
    date_field : str or None
        A kept field with dates.
    playbook : Playbook or None
        What the opportunities and the help are called; None for the shipped one.

    Returns
    -------
    Reported

    Raises
    ------
    DataError
        If the file was not written by ``opportunity score``, or no complaint in it has a date that can be read.
    MissingExtraError
        If matplotlib or jinja2 is not installed.
    """
    try:
        from opportunity.report.page import render
    except ModuleNotFoundError as fault:
        if (fault.name or "").startswith("opportunity"):
            raise
        raise MissingExtraError("The report", "report") from fault
    rejects = out.with_name(out.name + ".rejects.jsonl")
    rejects.unlink(missing_ok=True)
    rejected: list[int] = []
    rows = _good(read_scored(scored, text_field=text_field, date_field=date_field), rejects, rejected)
    summary = summarize(rows)
    if date_field and summary.complaints and not summary.weeks:
        raise DataError(f'no complaint in {scored} has a date in "{date_field}"; a date looks like 2026-11-20')
    page = render(summary, title, scored.name, playbook or load_playbook())
    out.write_text(page, encoding="utf-8", errors="replace")
    return Reported(summary.messages + len(rejected), len(rejected), rejects if rejected else None)


def _good(rows: Iterable[ScoredRow | Reject], rejects: Path, rejected: list[int]) -> Iterator[ScoredRow]:
    """The rows that could be read; the others are written down and their lines noted."""
    for row in rows:
        if isinstance(row, Reject):
            rejected.append(row.line)
            write_rejects(rejects, [row])
        else:
            yield row
