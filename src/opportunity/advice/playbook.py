"""The playbook: the written lines that an agent sees, and the rules of recovery, as data.

The default lines are in ``playbooks/default.toml``. A business's own file replaces a line of the same key, drops
it (an empty text) or adds one before the default ones. Nothing is generated: what is shown is a written line,
filled with quotes from the message.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opportunity.advice.lines import FACT_SLOTS, Line, Situation
from opportunity.advice.playbook_file import LEVELS, Source, default_source, read_source
from opportunity.errors import PlaybookError
from opportunity.records import Facts, Labels
from opportunity.taxonomy import HEADS

__all__ = ["Business", "Limits", "Playbook", "Policy", "any_chosen", "build_playbook", "load_playbook"]

_CAPITALISED = re.compile(r"[^\W\d_][a-z]+\b")
_OWNER = re.compile(r"^\w+['’]s (?=\w)")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SAYABLE = {
    "item": re.compile(r"[\w'’&./+-]+(?: [\w'’&./+-]+)*"),
    "elapsed": re.compile(
        r"(?i:(?!.*\blater\b).*\b(?:min|minute|hour|hr|day|week|wk|month|year|yr|decade|fortnight|since|ages)s?\b.*)"
    ),
    "amount": re.compile(r"[^%]*"),
}
"""What a quote must look like to stand in a line: the name of a thing, a span of time, a sum of money."""

_LONG = 40
"""Words of a complaint that tells a story rather than a line."""


@dataclass(frozen=True, slots=True)
class Business:
    """Who is speaking.

    Attributes
    ----------
    name, signature, hours : str or None
    channels : tuple of str
        How a customer reaches a person, the preferred way first.
    """

    name: str | None = None
    signature: str | None = None
    channels: tuple[str, ...] = ()
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the business lets an agent do.

    Attributes
    ----------
    goodwill : float or None
        The largest amount without approval; None where it is not said.
    currency : str
        The sign that stands before amounts.
    not_offered : frozenset of str
        Help actions that the business does not offer.
    target : str
        The highest level to aim at.
    """

    goodwill: float | None = None
    currency: str = "£"
    not_offered: frozenset[str] = frozenset()
    target: str = LEVELS[-1]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of recovery.

    Attributes
    ----------
    recover_order : tuple of str
        Help actions in the order in which they are said: safety, the fix, the loss, the explanation.
    base_fixes : frozenset of str
        Help actions that mend the matter itself; without one of them the plus one is held back.
    sober : mapping of str to frozenset of str
        Labels, per head, with which nothing cheerful is said and the target is at most `sober_target`.
    sober_target : str
        That level.
    bereavement, condolence : frozenset of str
        Words that may tell of a death, and words that tell of one near to the writer; both make the tone sober.
    raised_by : mapping of str to frozenset of str
        Labels, per head, that raise the target by one level.
    target : mapping of str to str
        The level to aim at, per opportunity.
    spoken_with : mapping of str to mapping of str to frozenset of str
        Per fact the labels, per head, of which one must be chosen for the fact to be spoken of.
    unsaid_with : mapping of str to frozenset of str
        Help actions that are not said to the customer while one of these is still to be done.
    fallback_help : tuple of str
        What is done about a failure where no action is chosen, or none that the business offers.
    never_said : frozenset of str
        Phrases that promise what only a manager can grant, or claim what nobody can know.
    """

    recover_order: tuple[str, ...]
    base_fixes: frozenset[str]
    sober: Mapping[str, frozenset[str]]
    sober_target: str
    bereavement: frozenset[str]
    condolence: frozenset[str]
    raised_by: Mapping[str, frozenset[str]]
    target: Mapping[str, str]
    spoken_with: Mapping[str, Mapping[str, frozenset[str]]]
    unsaid_with: Mapping[str, frozenset[str]]
    fallback_help: tuple[str, ...]
    never_said: frozenset[str]


@dataclass(frozen=True)
class Playbook:
    """Lines, rules, and whose they are.

    Attributes
    ----------
    lines : mapping of str to tuple of Line
        The lines per path, in the order in which they are tried.
    words : mapping of str to str
        Single texts per path: titles, what to do, what it needs from others, times.
    policy : Policy
    business : Business
    limits : Limits

    Examples
    --------
    >>> from opportunity.advice.playbook import load_playbook
    >>> load_playbook().words["opportunity.make_whole.title"]
    'Make it whole'
    """

    lines: Mapping[str, tuple[Line, ...]]
    words: Mapping[str, str]
    policy: Policy
    business: Business = field(default_factory=Business)
    limits: Limits = field(default_factory=Limits)

    def pick(self, path: str, situation: Situation) -> str | None:
        """Return the line at the path that fits the situation, filled; None where none fits."""
        return situation.pick(path, self.lines.get(path, ()))

    def situation(
        self, text: str, chosen: Labels | None = None, facts: Facts | None = None, tone: Iterable[str] = ("warm",)
    ) -> Situation:
        """Gather what is known of a complaint.

        A fact is spoken of only where the labels, too, say that it matters (`Policy.spoken_with`).

        Parameters
        ----------
        text : str
            The complaint.
        chosen : Labels, optional
        facts : Facts, optional
        tone : iterable of {"warm", "sober", "bereaved"}

        Returns
        -------
        Situation
        """
        slots = self._slots(text, chosen or Labels(), facts or Facts())
        if chosen is not None:
            spoken_with = self.policy.spoken_with
            slots = {k: v for k, v in slots.items() if k not in spoken_with or any_chosen(chosen, spoken_with[k])}
        labels = {head: _as_set(getattr(chosen or Labels(), head)) for head in HEADS}
        labels |= {"tone": frozenset(tone), "limit": self._limit(slots.get("amount", ""))}
        labels["length"] = frozenset({"long" if len(text.split()) >= _LONG else "short"})
        return Situation(text.encode("utf-8", "replace"), slots, labels)

    def _slots(self, text: str, chosen: Labels, facts: Facts) -> dict[str, str]:
        quotes = {name: getattr(facts, name) for name in FACT_SLOTS}
        slots = {name: " ".join(quote.quote.split()) for name, quote in quotes.items() if quote is not None}
        slots = {name: words for name, words in slots.items() if _can_be_said(name, words)}
        if "elapsed" in slots and slots["elapsed"] in slots.get("contacts", ""):
            del slots["elapsed"]
        if "item" in slots:
            slots["item"] = _without_owner(slots["item"])
            if _CAPITALISED.match(slots["item"]) and _starts_sentence(text, quotes["item"].start):
                slots["item"] = slots["item"][0].lower() + slots["item"][1:]
        own = {
            "business": self.business.name,
            "signature": self.business.signature,
            "channel": next(iter(self.business.channels), None),
            "hours": self.business.hours,
            "goodwill": self._goodwill(),
            "time": self.words.get(f"times.{chosen.urgency or 'soon'}"),
        }
        return slots | {name: value for name, value in own.items() if value}

    def _goodwill(self) -> str | None:
        if self.limits.goodwill is None:
            return None
        return f"{self.limits.currency}{self.limits.goodwill:,.2f}".removesuffix(".00")

    def _limit(self, amount: str) -> frozenset[str]:
        """Whether the amount that the customer names is one that the agent may settle alone."""
        number = _NUMBER.search(amount)
        if self.limits.goodwill is None or number is None:
            return frozenset()
        return frozenset({"within" if float(number[0].replace(",", "")) <= self.limits.goodwill else "above"})


def load_playbook(path: Path | str | None = None) -> Playbook:
    """Read the default playbook and, over it, a business's own.

    Parameters
    ----------
    path : Path or str, optional
        The business's TOML file.

    Returns
    -------
    Playbook

    Raises
    ------
    PlaybookError
        If the file is not there, is no TOML, or says what a playbook does not know.
    """
    if path is None:
        return build_playbook(Source({}))
    own = read_source(Path(path))
    if own.faults:
        more = f" (and {len(own.faults) - 1} more)" if len(own.faults) > 1 else ""
        raise PlaybookError(f"{Path(path).name}: {own.faults[0]}{more}; run: opportunity playbook check {path}")
    return build_playbook(own)


def build_playbook(own: Source) -> Playbook:
    """Lay a business's file over the default one, line by line.

    Parameters
    ----------
    own : Source
        What the business's file says.

    Returns
    -------
    Playbook
    """
    base = default_source()
    paths = {path: _overlay(base.lines.get(path, {}), own.lines.get(path, {})) for path in {**base.lines, **own.lines}}
    limits = dict(own.settings.get("limits", {}))
    limits["not_offered"] = frozenset(limits.get("not_offered", ()))
    business = dict(own.settings.get("business", {}))
    business["channels"] = tuple(business.get("channels", ()))
    policy = _policy(base.settings["policy"])
    return Playbook(paths, {**base.words, **own.words}, policy, Business(**business), Limits(**limits))


def _overlay(base: Mapping[str, Line], own: Mapping[str, Line]) -> tuple[Line, ...]:
    """The business's new lines first, then the default ones with those of the same key replaced."""
    merged = {key: line for key, line in own.items() if key not in base} | dict(base) | dict(own)
    return tuple(line for line in merged.values() if line.text)


def _policy(values: Mapping[str, Any]) -> Policy:
    return Policy(
        recover_order=tuple(values["recover_order"]),
        base_fixes=frozenset(values["base_fixes"]),
        sober=_sets(values["sober"]),
        sober_target=values["sober_target"],
        bereavement=frozenset(values["bereavement"]),
        condolence=frozenset(values["condolence"]),
        raised_by=_sets(values["raised_by"]),
        target=values["target"],
        spoken_with={fact: _sets(heads) for fact, heads in values["spoken_with"].items()},
        unsaid_with=_sets(values["unsaid_with"]),
        fallback_help=tuple(values["fallback_help"]),
        never_said=frozenset(values["never_said"]),
    )


def any_chosen(chosen: Labels, wanted: Mapping[str, frozenset[str]]) -> bool:
    """Whether any of these labels, per head, is chosen."""
    return any(not labels.isdisjoint(_as_set(getattr(chosen, head))) for head, labels in wanted.items())


def _sets(values: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(labels) for name, labels in values.items()}


def _without_owner(item: str) -> str:
    """The item such that "the" can stand before it: "boat", where they write "tonight's boat"."""
    return _OWNER.sub("", item)


def _can_be_said(fact: str, words: str) -> bool:
    return fact not in _SAYABLE or _SAYABLE[fact].fullmatch(words) is not None


def _as_set(value: str | tuple[str, ...] | None) -> frozenset[str]:
    return frozenset() if value is None else frozenset({value} if isinstance(value, str) else value)


def _starts_sentence(text: str, start: int) -> bool:
    """Whether a word there has its capital from its place alone."""
    before = text[:start].rstrip(" \t\"'“‘(-")
    return not before or before[-1] in ".!?:\n"
