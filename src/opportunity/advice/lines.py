"""A written line, what it needs, and the situation that it is held against."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from types import MappingProxyType
from typing import Self

from opportunity.records import Facts
from opportunity.taxonomy import TAXONOMY

__all__ = ["CONDITIONS", "FACT_SLOTS", "SLOTS", "Line", "Situation"]

FACT_SLOTS = tuple(f.name for f in fields(Facts))
"""Slots that are filled with the customer's own words."""

SLOTS = (*FACT_SLOTS, "business", "signature", "channel", "hours", "goodwill", "time")
"""All slots: the facts, what the business's own file says, and by when (after the urgency)."""

CONDITIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: head.names for name, head in TAXONOMY.items()}
    | {"tone": ("warm", "sober", "bereaved"), "limit": ("within", "above"), "length": ("short", "long")}
)
"""What a line's ``when`` may ask of a complaint, and the values that it may name."""

_SLOT = re.compile(r"\{(\w+)\}")
_DOUBLED = re.compile(r"\b([^\W\d_]+)\s+\1\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One written line.

    Attributes
    ----------
    key : str
        Its name within its table; a business's line of the same key replaces it.
    text : str
        What is said, with slots such as ``{item}``.
    when : mapping of str to frozenset of str
        Per head (or ``tone``, ``limit``, ``length``) the labels of which one must be chosen.
    needs : frozenset of str
        The slots that must be known for the line to be used.

    Examples
    --------
    >>> sorted(Line("both", "The {item} is due on {deadline}.").needs)
    ['deadline', 'item']
    """

    key: str
    text: str
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    needs: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", frozenset(_SLOT.findall(self.text)))

    def is_equal_to(self, other: "Line") -> bool:
        """Whether the two ask for the same, so that either may be used."""
        return self.needs == other.needs and self.when == other.when

    def asks_no_more_than(self, other: "Line") -> bool:
        """Whether this line fits wherever the other fits."""
        return self.needs <= other.needs and all(
            head in other.when and other.when[head] <= labels for head, labels in self.when.items()
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when a line is picked.

    Attributes
    ----------
    seed : bytes
        The complaint's text; it decides among lines that fit equally well.
    slots : mapping of str to str
        What the slots are filled with; one that is not known is not there.
    labels : mapping of str to frozenset of str
        The chosen labels per head, and ``tone``, ``limit`` and ``length``.
    """

    seed: bytes
    slots: Mapping[str, str]
    labels: Mapping[str, frozenset[str]]

    def pick(self, path: str, lines: tuple[Line, ...]) -> str | None:
        """Return the text of the first line that fits; among equal ones the complaint's text decides.

        Parameters
        ----------
        path : str
            Where the lines stand in the playbook.
        lines : tuple of Line
            In the order in which they are tried.

        Returns
        -------
        str or None
            None where no line fits.
        """
        fitting = [line for line in lines if self._fits(line)]
        while fitting:
            equal = [line for line in fitting if line.is_equal_to(fitting[0])]
            turn = self._turn(path, len(equal))
            for line in equal[turn:] + equal[:turn]:
                text = self._fill(line)
                if not _DOUBLED.search(text):
                    return text
            fitting = [line for line in fitting if line not in equal]
        return None

    def after(self, said: str, once: tuple[str, ...] = FACT_SLOTS) -> Self:
        """Return the situation once this was said: a fact that was quoted is not quoted again in the same breath."""
        left = {k: v for k, v in self.slots.items() if k not in once or not _is_in(v, said)}
        return replace(self, slots=left)

    def _fits(self, line: Line) -> bool:
        return line.needs <= self.slots.keys() and all(
            self.labels.get(head, frozenset()) & labels for head, labels in line.when.items()
        )

    def _turn(self, path: str, count: int) -> int:
        digest = blake2b(self.seed + path.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % count

    def _fill(self, line: Line) -> str:
        return _SLOT.sub(lambda match: self.slots[match[1]], line.text)


def _is_in(words: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", said) is not None
