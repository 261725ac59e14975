"""The journal: suggestions shown, what agents made of them, what came of it, and the stories worth telling."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from opportunity.advice.playbook_file import LEVELS
from opportunity.errors import JournalError
from opportunity.journal.database import Database
from opportunity.journal.entries import Handled, Story, Week
from opportunity.records import Facts, Labels, Suggestion
from opportunity.taxonomy import HEADS

__all__ = ["Journal"]

_SPOKEN = ("answers", "plan", "levels")
_QUOTING = ("facts", "evidence")
_WELL_HANDLED = 7.0

_HANDLED = """
SELECT s.id, s.complaint, s.text, s.suggestion,
       (SELECT review FROM replies r WHERE r.suggestion = s.id ORDER BY r.id DESC LIMIT 1) AS review,
       (SELECT level FROM outcomes o WHERE o.suggestion = s.id ORDER BY o.id DESC LIMIT 1) AS level,
       (SELECT words FROM outcomes o WHERE o.suggestion = s.id ORDER BY o.id DESC LIMIT 1) AS words,
       (SELECT labels FROM corrections c WHERE c.suggestion = s.id ORDER BY c.id DESC LIMIT 1) AS labels,
       EXISTS (SELECT 1 FROM stories t WHERE t.suggestion = s.id) AS told
FROM suggestions s WHERE s.at >= ? AND s.at < ? ORDER BY s.id
"""

_CORRECTED = """
SELECT s.id, s.complaint, s.text,
       (SELECT labels FROM corrections c WHERE c.suggestion = s.id ORDER BY c.id DESC LIMIT 1) AS labels
FROM suggestions s WHERE EXISTS (SELECT 1 FROM corrections c WHERE c.suggestion = s.id) ORDER BY s.id
"""


class Journal:
    """A journal in one SQLite file.

    Parameters
    ----------
    path : Path or str
        The file; created on first use.
    masked : bool
        Whether texts are masked before they are written down.
    now : callable, optional
        What gives the present moment.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Journal(Path(folder.name) / "journal.db", masked=False) as journal:
    ...     number = journal.tell_story("The lost coat", "A coat was lost.", "We found it.", plus_one="Brushed it.")
    ...     [story.title for story in journal.stories()]
    ['The lost coat']
    >>> folder.cleanup()
    """

    def __init__(self, path: Path | str, masked: bool = True, now: Callable[[], datetime] | None = None) -> None:
        self.path = Path(path)
        self.masked = masked
        self._now = now or (lambda: datetime.now(UTC))
        self._database = Database(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def record_suggestion(self, text: str, suggestion: Suggestion, customer: str | None = None) -> int:
        """Write down a suggestion that was shown.

        Parameters
        ----------
        text : str
            The complaint.
        suggestion : Suggestion
        customer : str, optional
            Whatever names the person in the helpdesk; only a keyed hash of it is kept, for `forget`.

        Returns
        -------
        int
            The journal's number of it, for what comes after.
        """
        kept = self._kept_suggestion(suggestion)
        values = (self._moment(), suggestion.id, self._hashed(customer), self._kept(text, suggestion.facts), kept)
        return self._add(
            "INSERT INTO suggestions (at, complaint, customer, text, suggestion) VALUES (?, ?, ?, ?, ?)", values
        )

    def correct(self, suggestion: int, labels: Labels, agent: str | None = None) -> None:
        """Write down the labels that an agent gave; the same ones as suggested are an acceptance."""
        self._add_to(suggestion, "corrections", agent=agent, labels=json.dumps(labels.to_dict()))

    def record_reply(
        self, suggestion: int, reply: str, review: dict[str, Any] | None = None, agent: str | None = None
    ) -> None:
        """Write down the reply that was sent, and its review (``ReplyReview.to_dict()``)."""
        kept = (
            None if review is None else json.dumps({k: v for k, v in review.items() if k not in ("quotes", "example")})
        )
        self._add_to(suggestion, "replies", agent=agent, text=self._kept(reply), review=kept)

    def record_outcome(self, suggestion: int, level: str, words: str | None = None) -> None:
        """Write down which level was reached, and what the customer said."""
        if level not in (*LEVELS, "missed"):
            raise JournalError(f"{level!r} is no level; it must be one of missed, {', '.join(LEVELS)}")
        self._add_to(suggestion, "outcomes", level=level, words=self._kept(words))

    def tell_story(
        self,
        title: str,
        happened: str,
        done: str,
        *,
        plus_one: str | None = None,
        said: str | None = None,
        suggestion: int | None = None,
        customer: str | None = None,
    ) -> int:
        """Write down a story.

        Parameters
        ----------
        title, happened, done : str
            What it is called, what happened, what was done.
        plus_one, said : str, optional
            The one thing more, and what the customer said after.
        suggestion : int, optional
            The journal's number of the suggestion that it belongs to.
        customer : str, optional
            Whose story it is, for `forget`.

        Returns
        -------
        int
            The story's number.
        """
        texts = [self._kept(text) for text in (title, happened, done, plus_one, said)]
        with self._database.writing() as connection:
            if suggestion is not None:
                _require(connection, suggestion)
            cursor = connection.execute(
                "INSERT INTO stories (at, suggestion, customer, title, happened, done, plus_one, said)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (self._moment(), suggestion, self._hashed(customer), *texts),
            )
            return int(cursor.lastrowid or 0)

    def stories(self, week: Week | None = None) -> list[Story]:
        """Return the stories, of one week or all of them, oldest first."""
        names = "id, at, title, happened, done, plus_one, said, suggestion"
        start, end = week.bounds if week else ("", "~")
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {names} FROM stories WHERE at >= ? AND at < ? ORDER BY id", (start, end))
            return [Story(**dict(row)) for row in rows]

    def handled(self, week: Week | None = None) -> list[Handled]:
        """Return the complaints with what became of them, of one week or all of them."""
        start, end = week.bounds if week else ("", "~")
        with self._database.reading() as connection:
            return [_handled(dict(row)) for row in connection.execute(_HANDLED, (start, end))]

    def worth_telling(self, week: Week | None = None) -> list[Handled]:
        """Return the complaints that were handled well and have no story yet, the best first."""
        good = [
            h
            for h in self.handled(week)
            if not h.told and h.opportunity not in (None, "none_clear") and _goodness(h) > 0
        ]
        return sorted(good, key=_goodness, reverse=True)

    def labelled_rows(self) -> Iterator[dict[str, Any]]:
        """Give the corrected complaints as rows for retraining, in the labelling guide's form."""
        with self._database.reading() as connection:
            rows = connection.execute(_CORRECTED).fetchall()
        for row in rows:
            facts: dict[str, None] = dict.fromkeys(("item", "deadline", "elapsed", "amount", "contacts", "reference"))
            yield {
                "id": f"journal-{row['id']}",
                "text": row["text"],
                **Labels.from_dict(json.loads(row["labels"])).to_dict(),
                "evidence": None,
                "facts": facts,
            }

    def forget(self, customer: str) -> int:
        """Remove everything of a person, and overwrite where it stood.

        Parameters
        ----------
        customer : str
            The name under which the helpdesk knows them, as it was given when it was written down.

        Returns
        -------
        int
            How many suggestions and stories were removed.
        """
        hashed = self._hashed(customer)
        with self._database.writing() as connection:
            removed = connection.execute("DELETE FROM stories WHERE customer = ?", (hashed,)).rowcount
            removed += connection.execute(
                "DELETE FROM stories WHERE suggestion IN (SELECT id FROM suggestions WHERE customer = ?)", (hashed,)
            ).rowcount
            removed += connection.execute("DELETE FROM suggestions WHERE customer = ?", (hashed,)).rowcount
        self._database.wipe()
        return removed

    def _add(self, statement: str, values: tuple[Any, ...]) -> int:
        with self._database.writing() as connection:
            return int(connection.execute(statement, values).lastrowid or 0)

    def _add_to(self, suggestion: int, table: str, **values: str | None) -> None:
        columns = ("suggestion", "at", *values)
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        with self._database.writing() as connection:
            _require(connection, suggestion)
            connection.execute(statement, (suggestion, self._moment(), *values.values()))

    def _moment(self) -> str:
        return self._now().astimezone(UTC).isoformat()

    def _hashed(self, customer: str | None) -> str | None:
        if customer is None:
            return None
        with self._database.reading() as connection:
            key = connection.execute("SELECT key FROM secret").fetchone()[0]
        return blake2b(customer.strip().casefold().encode("utf-8", "replace"), key=key, digest_size=16).hexdigest()

    def _kept(self, text: str | None, facts: Facts | None = None) -> Any:
        """The text as it is written down: masked, without the writer's name, and such that any file can hold it."""
        if text is None:
            return None
        text = text.encode("utf-8", "replace").decode("utf-8")
        if not self.masked:
            return text
        from opportunity.text.privacy import mask

        if facts and facts.name:
            text = text.replace(facts.name.quote, "[name]")
        return mask(text)

    def _kept_suggestion(self, suggestion: Suggestion) -> str:
        """The suggestion as it is written down; a masked journal keeps no quotes of the customer."""
        values = suggestion.to_dict()
        if self.masked:
            for part in _QUOTING:
                del values[part]
            for part in _SPOKEN:
                values[part] = values[part] and {k: self._kept(v, suggestion.facts) for k, v in values[part].items()}
        return json.dumps(values, ensure_ascii=False)


def _require(connection: Any, suggestion: int) -> None:
    if connection.execute("SELECT 1 FROM suggestions WHERE id = ?", (suggestion,)).fetchone() is None:
        raise JournalError(
            f"the journal has no suggestion {suggestion}; give the number that it gave when it was shown"
        )


def _handled(row: dict[str, Any]) -> Handled:
    shown = json.loads(row["suggestion"])
    chosen = json.loads(row["labels"]) if row["labels"] else shown["chosen"]
    labels = Labels.from_dict({head: chosen[head] for head in HEADS if head in chosen})
    review = json.loads(row["review"]) if row["review"] else {}
    return Handled(
        id=row["id"],
        complaint=row["complaint"],
        opportunity=next(iter(labels.opportunity), None),
        help=labels.help,
        text=row["text"],
        out_of_ten=review.get("out_of_ten"),
        mend_first=review.get("mend_first"),
        level=row["level"],
        words=row["words"],
        corrected=row["labels"] is not None and chosen != shown["chosen"],
        told=bool(row["told"]),
        advice=(shown["answers"] or {}).get("help"),
    )


def _goodness(handled: Handled) -> float:
    """How well it went: the level that was reached counts first, then the reply."""
    reached = LEVELS.index(handled.level) if handled.level in LEVELS else 0
    reply = max(0.0, (handled.out_of_ten or 0.0) - _WELL_HANDLED) / 10
    return reached + reply
