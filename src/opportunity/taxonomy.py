"""The heads and labels that every other module speaks of, read from ``taxonomy.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from types import MappingProxyType
from typing import Literal

__all__ = ["HEADS", "OPPORTUNITIES", "TAXONOMY", "Head", "Label"]

Form = Literal["single", "ranked", "set"]


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a head.

    Attributes
    ----------
    name : str
        The label, as it stands in rows, models and results.
    meaning : str
        What it means, in one line of the labelling guide.
    not_when : str or None
        What it is easily taken for and is not.
    """

    name: str
    meaning: str
    not_when: str | None = None


@dataclass(frozen=True)
class Head:
    """One question that is asked of every message, and the labels that answer it.

    Attributes
    ----------
    name : str
        ``"opportunity"``, ``"help"``, ...
    question : str
        The question in words.
    form : {"single", "ranked", "set"}
        Whether a message has exactly one label, an ordered few, or any number.
    most : int
        How many labels a message has at most.
    ordinal : bool
        Whether the labels stand on a scale, from least to most.
    labels : tuple of Label
        In the guide's order; for ``opportunity`` this is the order of decision.
    """

    name: str
    question: str
    form: Form
    most: int
    ordinal: bool
    labels: tuple[Label, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return tuple(label.name for label in self.labels)

    @cached_property
    def index(self) -> MappingProxyType[str, int]:
        """Where each label stands."""
        return MappingProxyType({name: i for i, name in enumerate(self.names)})


def _read() -> MappingProxyType[str, Head]:
    source = resources.files("opportunity").joinpath("taxonomy.toml").read_text(encoding="utf-8")
    heads = {
        name: Head(name, h["question"], h["form"], h["most"], h["ordinal"], tuple(Label(**x) for x in h["labels"]))
        for name, h in tomllib.loads(source).items()
    }
    return MappingProxyType(heads)


TAXONOMY = _read()
"""Head by name, in the order of the output contract."""

HEADS = tuple(TAXONOMY)
"""The heads' names."""

OPPORTUNITIES = TAXONOMY["opportunity"].names
"""The opportunities in the order of decision."""
