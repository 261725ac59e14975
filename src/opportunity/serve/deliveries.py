"""What was delivered, kept on disk: nothing is taken twice, and nothing that was accepted is lost.

Deliveries are remembered for 72 hours by their id and by a digest of their body, for an id is not always signed. The
customer's words are kept only until the work is done and are then overwritten.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opportunity.serve.payloads import Incoming

__all__ = ["DeliveryStore", "Job", "body_key", "id_key"]

REMEMBERED_SECONDS = 72 * 3600

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY,
    vendor TEXT NOT NULL,
    ticket TEXT NOT NULL,
    message TEXT NOT NULL,
    text TEXT,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'posting', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    at REAL NOT NULL,
    UNIQUE (vendor, ticket, message)
);
CREATE INDEX IF NOT EXISTS job_due ON job (due) WHERE state IN ('queued', 'posting');
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted complaint that is still to be worked on.

    Attributes
    ----------
    id : int
    vendor, ticket, message : str
    text : str or None
        None where it has to be fetched.
    posting : bool
        Whether an earlier attempt may already have written the note.
    attempts : int
        How often it was tried.
    """

    id: int
    vendor: str
    ticket: str
    message: str
    text: str | None
    posting: bool
    attempts: int

    @property
    def reference(self) -> str:
        """What marks this job's note, the same at every attempt."""
        return hashlib.sha256(f"{self.vendor}\n{self.ticket}\n{self.message}".encode()).hexdigest()[:16]


def body_key(vendor: str, body: bytes) -> str:
    """The key under which a delivery's content is remembered."""
    return f"{vendor}:body:{hashlib.sha256(body).hexdigest()}"


def id_key(vendor: str, delivery_id: str) -> str:
    """The key under which a delivery's id is remembered."""
    return f"{vendor}:id:{hashlib.sha256(delivery_id.encode('utf-8', 'surrogateescape')).hexdigest()}"


class DeliveryStore:
    """Deliveries and the work that they left, in one SQLite file.

    Parameters
    ----------
    path : Path
        The file; made where it is missing.
    clock : callable, optional
        Seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def accept(self, vendor: str, keys: Sequence[str], incoming: Iterable[Incoming]) -> bool:
        """Take a delivery in, or find that it was here before.

        Parameters
        ----------
        vendor : str
        keys : sequence of str
            From `body_key` and `id_key`; any of them known means that the delivery was here.
        incoming : iterable of Incoming

        Returns
        -------
        bool
            Whether it was new. When this returns, it is on disk.
        """
        now = self._clock()
        with self._transaction() as db:
            known = f"SELECT 1 FROM seen WHERE key IN ({','.join('?' * len(keys))}) AND at > ?"
            if db.execute(known, (*keys, now - REMEMBERED_SECONDS)).fetchone():
                return False
            db.executemany("INSERT OR REPLACE INTO seen (key, at) VALUES (?, ?)", [(key, now) for key in keys])
            db.executemany(
                "INSERT OR IGNORE INTO job (vendor, ticket, message, text, due, at) VALUES (?, ?, ?, ?, ?, ?)",
                [(vendor, x.ticket, x.message, x.text, now, now) for x in incoming],
            )
        return True

    def next_job(self) -> Job | None:
        """The job that has been due the longest, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT id, vendor, ticket, message, text, state = 'posting', attempts FROM job"
                " WHERE state IN ('queued', 'posting') AND due <= ? ORDER BY due, id LIMIT 1",
                (self._clock(),),
            ).fetchone()
        if row is None:
            return None
        number, vendor, ticket, message, text, posting, attempts = row
        return Job(number, vendor, ticket, message, text, bool(posting), attempts)

    def mark_posting(self, job: Job) -> None:
        """Note down that the note is about to be sent."""
        self._update("UPDATE job SET state = 'posting' WHERE id = ?", job.id)

    def finish(self, job: Job, *, failed: bool = False) -> None:
        """The work is done, or given up; the customer's words go."""
        self._update(
            "UPDATE job SET state = ?, text = NULL, attempts = attempts + 1 WHERE id = ?",
            "failed" if failed else "done",
            job.id,
        )

    def retry(self, job: Job, seconds: float, *, posting: bool) -> None:
        """Try again later."""
        self._update(
            "UPDATE job SET state = ?, attempts = attempts + 1, due = ? WHERE id = ?",
            "posting" if posting else "queued",
            self._clock() + seconds,
            job.id,
        )

    def waiting(self) -> int:
        """How many jobs are still to be worked on."""
        with self._lock:
            (count,) = self._db.execute("SELECT COUNT(*) FROM job WHERE state IN ('queued', 'posting')").fetchone()
        return int(count)

    def forget_old(self) -> None:
        """Drop what is older than 72 hours."""
        before = self._clock() - REMEMBERED_SECONDS
        with self._transaction() as db:
            db.execute("DELETE FROM seen WHERE at <= ?", (before,))
            db.execute("DELETE FROM job WHERE at <= ? AND state IN ('done', 'failed')", (before,))

    def _update(self, statement: str, *values: object) -> None:
        with self._transaction() as db:
            db.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
