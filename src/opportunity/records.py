"""What goes in and what comes out: the complaint, the suggestion and its parts.

``Suggestion.to_dict`` is the output contract that every surface keeps; ``from_dict`` reads it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from opportunity.taxonomy import HEADS

__all__ = [
    "Abstained",
    "Answers",
    "Complaint",
    "Evidence",
    "Facts",
    "Labels",
    "Levels",
    "ModelInfo",
    "Plan",
    "Quote",
    "Ranked",
    "Suggestion",
]

Abstained = Literal["empty", "unsupported_language", "not_a_complaint", "low_probability", "narrow_margin"]
Level = Literal["meet", "exceed", "delight", "amaze"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A customer's message as the helpdesk has it.

    Attributes
    ----------
    text : str
        The message.
    id : str or None
        The helpdesk's own id; carried through to the suggestion.
    """

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A label and its calibrated probability.

    Attributes
    ----------
    label : str
    probability : float
        In [0, 1].
    """

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the customer.

    Attributes
    ----------
    quote : str
        Verbatim.
    start, end : int
        Offsets in characters into the text as it was given; ``text[start:end] == quote``.
    """

    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that voted for a label.

    Attributes
    ----------
    head, label : str
        What they voted for.
    quote : str
        Verbatim, whole words.
    start, end : int
        Offsets in characters into the text as it was given.
    """

    head: str
    label: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of one message in the labelling guide's form.

    Attributes
    ----------
    kind, urgency, heat : str or None
        One label each; None where nothing was chosen.
    failure, opportunity, help : tuple of str
        Ordered, the primary first.
    flags : tuple of str
    """

    kind: str | None = None
    failure: tuple[str, ...] = ()
    opportunity: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    urgency: str | None = None
    heat: str | None = None
    flags: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the guide's form; other keys are passed over."""
        given = {head: values[head] for head in HEADS if head in values}
        heads: dict[str, Any] = {head: tuple(v) if isinstance(v, list) else v for head, v in given.items()}
        return cls(**heads)

    def to_dict(self) -> dict[str, Any]:
        """Write the guide's form."""
        return {h: list(v) if isinstance(v := getattr(self, h), tuple) else v for h in HEADS}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the text says of the matter, each the customer's own words or None.

    Attributes
    ----------
    item : Quote or None
        What it is about.
    deadline : Quote or None
        The date or event that matters.
    elapsed : Quote or None
        How long the problem has lasted.
    amount : Quote or None
        A sum of money.
    contacts : Quote or None
        How often they got in touch.
    reference : Quote or None
        An order, case or account number.
    name : Quote or None
        The writer's own name.
    promise : Quote or None
        What was promised to them.
    """

    item: Quote | None = None
    deadline: Quote | None = None
    elapsed: Quote | None = None
    amount: Quote | None = None
    contacts: Quote | None = None
    reference: Quote | None = None
    name: Quote | None = None
    promise: Quote | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The two answers, each one to three sentences to the agent.

    Attributes
    ----------
    opportunity : str
        What is the real opportunity here?
    help : str
        How can I help?
    """

    opportunity: str
    help: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The reply in four steps.

    Attributes
    ----------
    react, respond, recover : str
    plus_one : str or None
        None where the policy holds it back.
    """

    react: str
    respond: str
    recover: str
    plus_one: str | None


@dataclass(frozen=True, slots=True)
class Levels:
    """What each of the four levels of satisfaction would be for this complaint.

    Attributes
    ----------
    meet, exceed, delight, amaze : str
        One concrete step each.
    target : {"meet", "exceed", "delight", "amaze"}
        The level to aim at.
    """

    meet: str
    exceed: str
    delight: str
    amaze: str
    target: Level


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model answered.

    Attributes
    ----------
    name : str
    version : str
    """

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Everything the library says about one complaint.

    Attributes
    ----------
    id : str or None
        The complaint's id.
    kind, failure, opportunity, help, urgency, heat, flags : tuple of Ranked
        All labels of the head, best first.
    chosen : Labels
        What the thresholds make of them.
    abstained : str or None
        Why no advice is given, or None.
    evidence : tuple of Evidence
        The words that voted, strongest first.
    facts : Facts
    answers : Answers or None
    plan : Plan or None
    levels : Levels or None
    model : ModelInfo
    notes : tuple of str
        What was done to the text before it was read, such as ``"truncated"``.
    """

    id: str | None
    kind: tuple[Ranked, ...]
    failure: tuple[Ranked, ...]
    opportunity: tuple[Ranked, ...]
    help: tuple[Ranked, ...]
    urgency: tuple[Ranked, ...]
    heat: tuple[Ranked, ...]
    flags: tuple[Ranked, ...]
    chosen: Labels
    abstained: Abstained | None
    evidence: tuple[Evidence, ...]
    model: ModelInfo
    facts: Facts = field(default_factory=Facts)
    answers: Answers | None = None
    plan: Plan | None = None
    levels: Levels | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the output contract as plain JSON values.

        Returns
        -------
        dict
            Lists, dicts, strings, floats and None only.
        """
        out: dict[str, Any] = {"id": self.id}
        out |= {h: [_plain(r) for r in getattr(self, h)] for h in HEADS}
        out |= {"chosen": self.chosen.to_dict(), "abstained": self.abstained}
        out["evidence"] = [_plain(e) for e in self.evidence]
        out["facts"] = {f.name: _plain(getattr(self.facts, f.name)) for f in fields(Facts)}
        out |= {part: _plain(getattr(self, part)) for part in ("answers", "plan", "levels", "model")}
        out["notes"] = list(self.notes)
        return out

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        values : mapping
            The output contract.

        Returns
        -------
        Suggestion
        """
        rankings: dict[str, Any] = {h: tuple(Ranked(**r) for r in values[h]) for h in HEADS}
        facts = values.get("facts") or {}
        return cls(
            id=values["id"],
            **rankings,
            chosen=Labels.from_dict(values["chosen"]),
            abstained=values["abstained"],
            evidence=tuple(Evidence(**e) for e in values["evidence"]),
            facts=Facts(**{name: Quote(**q) if q else None for name, q in facts.items()}),
            answers=_optional(Answers, values.get("answers")),
            plan=_optional(Plan, values.get("plan")),
            levels=_optional(Levels, values.get("levels")),
            model=ModelInfo(**values["model"]),
            notes=tuple(values.get("notes", ())),
        )


def _plain(part: Any) -> dict[str, Any] | None:
    """A flat dataclass as a dict, or None."""
    return None if part is None else {f.name: getattr(part, f.name) for f in fields(part)}


def _optional(kind: Any, values: Mapping[str, Any] | None) -> Any:
    return None if values is None else kind(**values)
