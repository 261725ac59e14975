"""API keys: made here, kept only as hashes, several at a time so that one can replace another."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["KeyRing", "new_key", "parse_keys"]

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,40})=(?P<hash>[0-9a-f]{64})")


def new_key(name: str) -> tuple[str, str]:
    """Make an API key.

    Parameters
    ----------
    name : str
        Who it is for; up to 40 letters, digits, dots, dashes and underscores. It stands in the log.

    Returns
    -------
    key : str
        What the caller sends; it is shown once and kept nowhere.
    entry : str
        ``name=hash``, what the service is given.

    Examples
    --------
    >>> from opportunity.serve import new_key
    >>> key, entry = new_key("helpdesk")
    >>> key[:4], entry[:9], len(entry)
    ('opk_', 'helpdesk=', 73)
    """
    key = f"opk_{secrets.token_urlsafe(32)}"
    entry = f"{name}={_hash(key)}"
    parse_keys([entry])
    return key, entry


def parse_keys(entries: Iterable[str]) -> dict[str, str]:
    """Read ``name=hash`` entries; blank lines and lines that start with ``#`` are passed over."""
    known: dict[str, str] = {}
    for number, entry in enumerate(entries, start=1):
        line = entry.strip()
        if not line or line.startswith("#"):
            continue
        found = _ENTRY.fullmatch(line)
        if found is None:
            raise ValueError(f"API key entry {number} is not name=sha256 in hex; make one with new_key(name)")
        known[found["name"]] = found["hash"]
    return known


class KeyRing:
    """The keys that may call, from settings and from a file that may change while the service runs."""

    def __init__(self, entries: Iterable[str] = (), file: Path | None = None) -> None:
        self._fixed = parse_keys(entries)
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._from_file: Mapping[str, str] = {}
        if file is not None:
            self._from_file = parse_keys(file.read_text(encoding="utf-8").splitlines())
            self._read_at = _stamp(file)

    def __bool__(self) -> bool:
        return bool(self._fixed) or self._file is not None

    def name_of(self, key: str) -> str | None:
        """Whose key this is, or None; every known hash is compared, so that time tells nothing."""
        presented, owner = _hash(key), None
        for name, known in (self._fixed | self._current()).items():
            if hmac.compare_digest(presented, known):
                owner = name
        return owner

    def _current(self) -> dict[str, str]:
        """The file's keys; a file that is gone or broken leaves the keys as they were read last."""
        if self._file is not None:
            try:
                stamp = _stamp(self._file)
                if stamp != self._read_at:
                    self._from_file = parse_keys(self._file.read_text(encoding="utf-8").splitlines())
                    self._read_at = stamp
            except (OSError, ValueError):
                pass
        return dict(self._from_file)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size
