"""A playbook file: its known places, how it is read, and what can be wrong in it.

A *path* such as ``opportunity.make_whole.lines`` names a table of lines, or one fixed text. What stands at a path
that is not known, asks for a label that does not exist or names a slot that nothing fills is a *fault*.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from opportunity.advice.lines import CONDITIONS, SLOTS, Line
from opportunity.errors import PlaybookError
from opportunity.records import Abstained, Level
from opportunity.taxonomy import OPPORTUNITIES, TAXONOMY

__all__ = ["LEVELS", "LINE_PATHS", "QUESTIONS", "WORD_PATHS", "Source", "default_source", "default_text", "read_source"]

LEVELS: tuple[Level, ...] = ("meet", "exceed", "delight", "amaze")
"""The four levels of satisfaction, the least first."""

QUESTIONS = (
    "heard",
    "feeling",
    "apology",
    "action",
    "owner",
    "time",
    "asks_met",
    "no_blame",
    "no_dead_phrases",
    "no_run_around",
    "plus_one",
    "plain",
)
"""The twelve questions to a drafted reply."""

ACTIONS = TAXONOMY["help"].names
REASONS: tuple[str, ...] = get_args(Abstained)

LINE_PATHS = frozenset(
    (
        *(f"opportunity.{o}.{part}" for o in OPPORTUNITIES for part in ("lines", "also", "plus_one", *LEVELS)),
        *(f"help.{h}.{part}" for h in ACTIONS for part in ("lines", "then", "say")),
        *(f"heard.{f}" for f in (*TAXONOMY["failure"].names, "any")),
        *(f"feeling.{h}" for h in TAXONOMY["heat"].names),
        *(f"respond.{u}" for u in TAXONOMY["urgency"].names),
        *(f"ask_first.{reason}.{head}" for reason in REASONS for head in ("opportunity", "help")),
        *(f"mend.{question}" for question in QUESTIONS),
        "nothing_to_mend.help",
        "nothing_to_mend.say",
    )
)
"""Where tables of lines stand."""

WORD_PATHS = frozenset(
    (
        *(f"opportunity.{o}.{part}" for o in OPPORTUNITIES for part in ("title", "chance")),
        *(f"help.{h}.{part}" for h in ACTIONS for part in ("title", "do", "others")),
        *(f"times.{u}" for u in TAXONOMY["urgency"].names),
    )
)
"""Where single texts stand."""

SETTINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "business": {"name": "text", "signature": "text", "channels": "texts", "hours": "text"},
        "limits": {"goodwill": "number", "currency": "text", "not_offered": "texts", "target": "text"},
    }
)
"""What a business may say of itself, and the kind of value that it takes."""

_KINDS = {"text": "a text in quotes", "texts": "a list of texts in [ ]", "number": "a number that is not negative"}

_FOLDERS = frozenset(
    path[:cut] for path in LINE_PATHS | WORD_PATHS for cut in (m.start() for m in re.finditer(r"\.", path))
)
_BRACES = re.compile(r"\{([^{}]*)\}?|\}")


@dataclass(frozen=True)
class Source:
    """A playbook file as it was read: what it says, and what is wrong with it.

    Attributes
    ----------
    lines : mapping of str to mapping of str to Line
        Lines per path and key; a line without text drops the default one.
    words : mapping of str to str
        Single texts per path.
    settings : mapping
        The tables ``business`` and ``limits``, and of the default ``policy``, as they stand.
    faults : tuple of str
        One line each.
    """

    lines: Mapping[str, Mapping[str, Line]]
    words: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def default_text() -> str:
    """Return the playbook file that is shipped, as text."""
    return resources.files("opportunity.advice").joinpath("playbooks/default.toml").read_text(encoding="utf-8")


@cache
def default_source() -> Source:
    """Read the playbook that is shipped; a test holds it free of faults."""
    values = tomllib.loads(default_text())
    policy = values.pop("policy")
    source = _parse(values)
    return Source(source.lines, source.words, {"policy": policy})


def read_source(path: Path) -> Source:
    """Read a business's file and note what is wrong with it.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    Source

    Raises
    ------
    PlaybookError
        If the file cannot be read at all.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PlaybookError(f"{path} cannot be read ({error.strerror}); give the path of a playbook file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlaybookError(f"{path.name} is not valid TOML: {error}; mend the file at that place") from error
    return replace(_parse(values), faults=tuple(_faults(values)))


def _parse(values: Mapping[str, Any]) -> Source:
    """Read what stands at known places and has the right form."""
    lines: dict[str, dict[str, Line]] = {}
    words: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}
    for path, value in _places(values):
        if path in SETTINGS and isinstance(value, dict):
            settings[path] = value
        elif path in LINE_PATHS and isinstance(value, dict):
            lines[path] = {key: _line(key, line) for key, line in value.items()}
        elif path in WORD_PATHS and isinstance(value, str):
            words[path] = value
    return Source(lines, words, settings)


def _faults(values: Mapping[str, Any]) -> Iterator[str]:
    for path, value in _places(values):
        if path in SETTINGS and isinstance(value, dict):
            yield from _setting_faults(path, value)
        elif path in LINE_PATHS and isinstance(value, dict):
            for key, line in value.items():
                yield from _line_faults(f"{path}.{key}", line)
        elif path not in WORD_PATHS or not isinstance(value, str):
            yield _place_fault(path)


def _places(values: Mapping[str, Any], folder: str = "") -> Iterator[tuple[str, Any]]:
    """Go down to the paths that hold lines, a text or settings, or that are not known."""
    for name, value in values.items():
        path = f"{folder}{name}"
        if path in _FOLDERS and isinstance(value, dict):
            yield from _places(value, f"{path}.")
        else:
            yield path, value


def _line(key: str, value: Any) -> Line:
    """Read a line; one that is at fault becomes an empty one."""
    if isinstance(value, str):
        return Line(key, value)
    if not isinstance(value, dict) or not isinstance(when := value.get("when", {}), dict):
        return Line(key, "")
    return Line(key, str(value.get("text", "")), {head: frozenset(_listed(labels)) for head, labels in when.items()})


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _line_faults(place: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        yield f"{place} is no line; write a text, or a table with text and when"
        return
    yield from (f"{place} has {key!r}; a line has only text and when" for key in value if key not in ("text", "when"))
    for match in _BRACES.finditer(value["text"]):
        if match[1] not in SLOTS or not match[0].endswith("}"):
            yield f"{place} has the unknown slot {match[0]}{_meant(match[1] or '', SLOTS)}"
    when = value.get("when", {})
    yield from _when_faults(place, when) if isinstance(when, dict) else (f"{place}.when is no table",)


def _when_faults(place: str, when: Mapping[str, Any]) -> Iterator[str]:
    for head, labels in when.items():
        if head not in CONDITIONS:
            yield f"{place}.when asks for {head!r}, which is none of {', '.join(CONDITIONS)}"
            continue
        for label in _listed(labels):
            if label not in CONDITIONS[head]:
                yield f"{place}.when has the unknown {head} {label!r}{_meant(label, CONDITIONS[head])}"


def _setting_faults(table: str, values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        kind = SETTINGS[table].get(name)
        if kind is None:
            yield f"{table}.{name} is not known{_meant(name, tuple(SETTINGS[table]))}"
        elif not _is_of_kind(kind, value):
            yield f"{table}.{name} is {value!r}; it must be {_KINDS[kind]}"
        elif name == "not_offered":
            yield from (
                f"{table}.{name} has the unknown help {v!r}{_meant(v, ACTIONS)}" for v in value if v not in ACTIONS
            )
        elif name == "target" and value not in LEVELS:
            yield f"{table}.{name} is {value!r}; it must be one of {', '.join(LEVELS)}"


def _is_of_kind(kind: str, value: Any) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    if kind == "texts":
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    return isinstance(value, str)


def _place_fault(path: str) -> str:
    known = LINE_PATHS | WORD_PATHS | SETTINGS.keys()
    if path in known:
        return f"{path} holds the wrong kind of value; see opportunity playbook init"
    head, _, rest = path.partition(".")
    label = rest.partition(".")[0]
    if head in CONDITIONS and label and label not in CONDITIONS[head]:
        return f"{path}: {label!r} is no {head} label{_meant(label, CONDITIONS[head])}"
    return f"{path} is not known{_meant(path, tuple(sorted(known)))}"


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}" if len(known) < 15 else ""
