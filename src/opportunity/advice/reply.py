"""Am I doing my best? Twelve questions to a drafted reply, asked beside the complaint that it answers.

Each question is a small rule over the wording (``lexicons/reply.toml``), over what complaint and reply share, and
over what the model says that the complaint needs. The rules follow the reply guide of the labelled pairs.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from opportunity.advice.playbook import Playbook, load_playbook
from opportunity.advice.playbook_file import QUESTIONS
from opportunity.records import Labels, Quote

__all__ = ["ReplyReview", "Verdict", "check_reply"]

Answer = Literal["yes", "no", "na"]

MEND_ORDER = (
    "no_blame",
    "action",
    "heard",
    "asks_met",
    "apology",
    "owner",
    "time",
    "feeling",
    "no_run_around",
    "no_dead_phrases",
    "plain",
    "plus_one",
)
"""Which question is mended first, if several are answered with no."""

_MOST_CHARACTERS = 6_000
_LONG_SENTENCE = 30
_STEM = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question's answer.

    Attributes
    ----------
    question : str
        ``"heard"``, ``"feeling"``, ...
    answer : {"yes", "no", "na"}
    quote : Quote or None
        The words of the reply that show it, with offsets into the reply.
    """

    question: str
    answer: Answer
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class ReplyReview:
    """What the twelve questions say of a drafted reply.

    Attributes
    ----------
    verdicts : tuple of Verdict
        In the guide's order.
    mend_first : str or None
        The one question to mend first; None where nothing is to be mended.
    example : str or None
        A line of the playbook that shows how.
    """

    verdicts: tuple[Verdict, ...]
    mend_first: str | None
    example: str | None

    @property
    def out_of_ten(self) -> float:
        """Of the questions that apply, the share of yes, on a scale of 0 to 10."""
        answers = [verdict.answer for verdict in self.verdicts if verdict.answer != "na"]
        return round(10 * answers.count("yes") / len(answers), 1) if answers else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the review as plain JSON values."""
        quotes = {v.question: v.quote for v in self.verdicts if v.quote}
        return {
            "answers": {v.question: v.answer for v in self.verdicts},
            "quotes": {q: {"quote": x.quote, "start": x.start, "end": x.end} for q, x in quotes.items()},
            "out_of_ten": self.out_of_ten,
            "mend_first": self.mend_first,
            "example": self.example,
        }


@dataclass(frozen=True)
class _Pair:
    """A complaint and its reply, as the questions read them."""

    complaint: str
    reply: str
    given: str
    labels: Labels | None

    def find(self, name: str) -> re.Match[str] | None:
        """The earliest place in the reply where one of the patterns matches."""
        return _earliest(_patterns()[name], self.reply)

    def tells(self, name: str) -> bool:
        """Whether the complaint holds one of the patterns."""
        return _earliest(_patterns()[f"complaint.{name}"], self.complaint) is not None

    def quote(self, found: tuple[int, int] | None) -> Quote | None:
        """Those words of the reply as they were given."""
        if found is None:
            return None
        start, end = found
        words = self.given[start:end]
        end -= len(words) - len(words.rstrip())
        return Quote(self.given[start:end], start, end)


def check_reply(
    complaint: str, reply: str, labels: Labels | None = None, playbook: Playbook | None = None
) -> ReplyReview:
    """Ask the twelve questions of a drafted reply.

    Parameters
    ----------
    complaint : str
        What the customer wrote.
    reply : str
        The draft.
    labels : Labels, optional
        What the model chose for the complaint; without it the complaint's wording must do.
    playbook : Playbook, optional
        Where the example line comes from; the default one if none is given.

    Returns
    -------
    ReplyReview

    Examples
    --------
    >>> review = check_reply("My parcel is three weeks late!", "We are sorry for any inconvenience caused.")
    >>> review.mend_first
    'action'
    """
    from opportunity.advice.facts import find_facts

    given = reply[:_MOST_CHARACTERS]
    pair = _Pair(_plain(complaint[:_MOST_CHARACTERS]), _plain(given), given, labels)
    answers: dict[str, Verdict] = {}
    for question in QUESTIONS:
        answer, found = _RULES[question](pair, answers)
        answers[question] = Verdict(question, answer, pair.quote(found))
    verdicts = tuple(answers[question] for question in QUESTIONS)
    mend = next((q for q in MEND_ORDER if answers[q].answer == "no"), None)
    playbook = playbook or load_playbook()
    situation = playbook.situation(complaint, labels, find_facts(complaint))
    return ReplyReview(verdicts, mend, playbook.pick(f"mend.{mend}", situation) if mend else None)


Found = tuple[int, int] | None
Rule = Callable[[_Pair, Mapping[str, Verdict]], tuple[Answer, Found]]


def _heard(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """A statement of the reply that takes up the complaint's own words."""
    asked = _specific(pair.complaint)
    for start, end in _sentences(pair.reply):
        sentence = pair.reply[start:end]
        if _earliest(_patterns()["detail_asked"], sentence):
            continue
        if _specific(sentence) & asked:
            return "yes", (start, end)
    return "no", None


def _feeling(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """What it meant for them, owned in words that are no formula."""
    for start, end in _sentences(pair.reply):
        sentence = pair.reply[start:end]
        if _earliest(_patterns()["feeling"], sentence) and not _earliest(_patterns()["feeling_formula"], sentence):
            return "yes", (start, end)
    return ("no" if _is_felt(pair) else "na"), None


def _apology(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """Sorry for what happened, without a condition or a formula."""
    for pattern in _patterns()["apology"]:
        for match in pattern.finditer(pair.reply):
            if not _earliest(_patterns()["apology_spoilt"], match[0]):
                return "yes", match.span()
    return ("na" if _is_content(pair) else "no"), None


def _action(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """Something that is or will be done, concretely."""
    for start, end in _sentences(pair.reply):
        sentence = pair.reply[start:end]
        match = _earliest(_patterns()["action"], sentence)
        if match and not sentence.endswith("?") and not _earliest(_patterns()["action_vague"], match[0]):
            return "yes", (start + match.start(), start + match.end())
    return ("na" if _is_content(pair) else "no"), None


def _owner(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """Somebody who does it."""
    for pattern in _patterns()["owner"]:
        for match in pattern.finditer(pair.reply):
            if not _earliest(_patterns()["owner_none"], match[0]):
                return "yes", match.span()
    return ("na" if _is_content(pair) else "no"), None


def _time(pair: _Pair, answers: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """By when, unless it is done already."""
    if answers["action"].answer == "yes":
        if pair.find("time_done"):
            return "na", None
        if match := pair.find("time"):
            return "yes", match.span()
    return ("na" if _is_content(pair) else "no"), None


def _asks_met(pair: _Pair, answers: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """Each thing that was asked for or is needed is taken up."""
    if _is_content(pair):
        return "na", None
    wanted = pair.labels.help if pair.labels else ()
    patterns = _patterns()
    met = sum(_earliest(patterns[f"help.{action}"], pair.reply) is not None for action in wanted)
    enough = 2 * met >= len(wanted)
    taken_up = answers["action"].answer == "yes" and answers["heard"].answer == "yes"
    return ("yes" if taken_up and enough else "no"), None


def _no_blame(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    match = pair.find("blame")
    return ("no", match.span()) if match else ("yes", None)


def _no_dead_phrases(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    match = pair.find("dead")
    return ("no", match.span()) if match else ("yes", None)


def _no_run_around(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """Not sent elsewhere; asking for one detail that only they have does not count."""
    asked = False
    for start, end in _sentences(pair.reply):
        sentence = pair.reply[start:end]
        detail = _earliest(_patterns()["detail_asked"], sentence) is not None
        match = _earliest(_patterns()["run_around"], sentence)
        if match and not detail:
            return "no", (start + match.start(), start + match.end())
        asked |= detail
    return ("na" if asked else "yes"), None


def _plus_one(pair: _Pair, answers: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    """One thing more, where the fix is named and cheer is in place."""
    if answers["action"].answer == "no" or _is_grave(pair):
        return "na", None
    match = pair.find("plus_one")
    return ("yes", match.span()) if match else ("no", None)


def _is_plain(pair: _Pair, _: Mapping[str, Verdict]) -> tuple[Answer, Found]:
    match = pair.find("stiff")
    if match:
        return "no", match.span()
    long = [
        (start, end) for start, end in _sentences(pair.reply) if len(pair.reply[start:end].split()) > _LONG_SENTENCE
    ]
    return ("no", long[0]) if long else ("yes", None)


_RULES: Mapping[str, Rule] = MappingProxyType(
    dict(
        zip(
            QUESTIONS,
            (
                _heard,
                _feeling,
                _apology,
                _action,
                _owner,
                _time,
                _asks_met,
                _no_blame,
                _no_dead_phrases,
                _no_run_around,
                _plus_one,
                _is_plain,
            ),
            strict=True,
        )
    )
)


def _is_felt(pair: _Pair) -> bool:
    """Whether there is a feeling to answer: not where all is well, nor for a calm question."""
    if pair.labels and pair.labels.heat:
        return pair.labels.kind == "complaint" and (pair.labels.heat != "calm" or pair.labels.urgency != "routine")
    return pair.tells("felt") or not (_is_content(pair) or "?" in pair.complaint)


def _is_content(pair: _Pair) -> bool:
    """Whether nothing went wrong on the business's side."""
    if pair.labels and pair.labels.kind:
        return pair.labels.kind != "complaint" and not pair.labels.failure
    return pair.tells("content") and not pair.tells("felt")


def _is_grave(pair: _Pair) -> bool:
    """Whether danger, fraud or a repeat failure leaves no room for an extra."""
    if pair.labels and pair.labels.kind:
        grave = {"fraud_or_privacy", "safety_or_hygiene", "prevent_harm", "rebuild_trust", "repeat"}
        return not grave.isdisjoint((*pair.labels.failure, *pair.labels.opportunity, *pair.labels.flags))
    return pair.tells("grave") or pair.tells("repeat")


def _plain(text: str) -> str:
    """The text in lower case with one kind of apostrophe, every character at its place."""
    low = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    return low.replace("'", "’").replace("`", "’")


def _sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences stand."""
    return [match.span() for match in re.finditer(r"[^.!?\n]*[^.!?\s][^.!?\n]*[.!?]*", text)]


def _specific(text: str) -> set[str]:
    """The stems of the words that are not said in every complaint or reply."""
    words = re.findall(r"[a-z0-9][a-z0-9’-]{2,}", text)
    return {word[:_STEM] for word in words if word.partition("’")[0] not in _common() and not word.isdigit()}


def _earliest(patterns: Sequence[re.Pattern[str]], text: str) -> re.Match[str] | None:
    found = [match for pattern in patterns if (match := pattern.search(text))]
    return min(found, key=lambda match: match.start(), default=None)


@cache
def _lexicon() -> dict[str, Any]:
    text = resources.files("opportunity.advice").joinpath("lexicons/reply.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    """Patterns by name; those of a table are named ``table.name``."""
    flat: dict[str, list[str]] = {}
    for name, value in _lexicon().items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": patterns for key, patterns in value.items()}
        elif name != "common":
            flat[name] = value
    return {name: [re.compile(pattern) for pattern in patterns] for name, patterns in flat.items()}


@cache
def _common() -> frozenset[str]:
    from spacy.lang.en.stop_words import STOP_WORDS

    return frozenset(_lexicon()["common"]) | STOP_WORDS
