"""The journal's file: opened on first use, safe with several processes writing, deleted data wiped.

Every write is one ``BEGIN IMMEDIATE`` transaction in write-ahead mode with full synchronisation: what was
acknowledged is on disk, and a process that is killed leaves the file whole.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from opportunity.errors import JournalError

__all__ = ["VERSION", "Database"]

VERSION = 1
"""The version of the file's form (``user_version``); see ``schema.sql``."""

_BUSY_SECONDS = 20.0
_PAUSE_SECONDS = 0.02


class Database:
    """One SQLite file.

    Parameters
    ----------
    path : Path
        Created on first use, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction: all of it is kept, or nothing."""
        with self._guarded() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for queries."""
        with self._guarded() as connection:
            yield connection

    def wipe(self) -> None:
        """Overwrite what was deleted, in the file and in its write-ahead log."""
        with self._guarded() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._opened()
                yield self._connection
            except sqlite3.OperationalError as error:
                raise JournalError(f"the journal {self.path} cannot be used now ({error}); try again") from error
            except sqlite3.DatabaseError as error:
                raise JournalError(f"{self.path} is no journal ({error}); give another path") from error

    def _opened(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise JournalError(
                f"the journal {self.path} cannot be written ({error.strerror}); give another path"
            ) from error
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            _switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        """Create the tables, unless another process has; refuse a file of a later version."""
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            schema = resources.files("opportunity.journal").joinpath("schema.sql").read_text(encoding="utf-8")
            for statement in _statements(schema):
                connection.execute(statement)
            connection.execute("INSERT INTO secret VALUES (?)", (os.urandom(32),))
        connection.commit()
        if version > VERSION:
            raise JournalError(
                f"the journal {self.path} is of version {version} and this library reads up to {VERSION}; "
                "install a later version of opportunity"
            )


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead mode; SQLite does not wait for other processes here, so this does."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _statements(schema: str) -> Iterator[str]:
    lines = [line.partition("--")[0] for line in schema.splitlines()]
    yield from filter(str.strip, "\n".join(lines).split(";"))
