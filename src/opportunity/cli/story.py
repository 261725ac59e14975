"""``opportunity story`` and ``opportunity journal``: what happened, and what is worth telling."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from opportunity.journal import Journal, Week, week_digest

__all__ = ["main"]


def main(action: str, path: Path, *given: str | Path | None, **more: str | None) -> int:
    """Open the journal and do one thing."""
    with Journal(path) as journal:
        sys.stdout.write(ACTIONS[action](journal, *given, **more) + "\n")
    return 0


def _add(journal: Journal, title: str, happened: str, done: str, **more: str | None) -> str:
    number = journal.tell_story(title, happened, done, **more)  # type: ignore[arg-type]
    return f"story {number} is in {journal.path}"


def _list(journal: Journal, week: str | None) -> str:
    stories = journal.stories(Week.parse(week) if week else None)
    return "\n".join(f"{story.id:4d}  {story.at[:10]}  {story.title}" for story in stories) or "no stories yet"


def _week(journal: Journal, week: str | None) -> str:
    return week_digest(journal, Week.parse(week) if week else Week.of(datetime.now(UTC)))


def _export(journal: Journal, out: Path) -> str:
    rows = list(journal.labelled_rows())
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return f"{len(rows)} rows in {out}"


def _forget(journal: Journal, customer: str) -> str:
    return f"{journal.forget(customer)} suggestions and stories removed"


ACTIONS: Mapping[str, Callable[..., str]] = {
    "add": _add,
    "list": _list,
    "week": _week,
    "export": _export,
    "forget": _forget,
}
