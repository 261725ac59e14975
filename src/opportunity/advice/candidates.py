"""Where facts may stand in a text: tokens of blank English, and patterns of words over them.

The patterns and their word classes are data (``lexicons/facts.toml``); they are read once, when first used. A text is
blanked before it is read: whatever no fact can be made of (runs, endless words, odd signs) becomes spaces of the same
length, so that no text is slow and every offset stays true.
"""

import re
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

import spacy
from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.util import compile_infix_regex

from opportunity.text.fold import is_plain

__all__ = ["Candidate", "candidates", "content_words", "reading"]

MOST_CHARACTERS = 4_000
"""How much of a text is read for facts."""

MOST_TOKENS = 400
"""How many words of it patterns are held against."""

_ONE_AT_A_TIME = threading.Lock()
"""A memory zone belongs to the whole vocabulary: two threads inside one would pull words from under each other."""

_NEAR = 4

_SLOW = re.compile(r"(.)\1{9,}|[^\W_]{41,}|[^\w\s.,;:!?'’\"“”()/#%&$£€₹+@*°-]+", re.DOTALL)
_LONG_TOKEN = re.compile(r"\S{61,}")
_BETWEEN = [r"\.\.+", r"--+", r"[—–…]", r"[,;!?()\"“”]", r"(?<=[a-z])[.](?=[A-Z])"]
_LETTERS = re.compile("[A-Za-z]+")
_KEPT_WHOLE = re.compile(r"[\w]+(?:[./:,'’_-][\w]+)*%?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Words that may be a fact.

    Attributes
    ----------
    fact : str
        Which fact: ``"elapsed"``, ``"amount"``, ...
    pattern : str
        The group of patterns by which it was found.
    start, end : int
        Tokens from, and up to but without.
    """

    fact: str
    pattern: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Unless:
    """Words beside a match with which it is no fact."""

    before: frozenset[str]
    after: frozenset[str]
    near: frozenset[str]

    def forbids(self, doc: Doc, candidate: Candidate) -> bool:
        """Whether one of the words stands beside the match."""
        before = [token.lower_ for token in doc[max(0, candidate.start - _NEAR) : candidate.start]]
        after = [token.lower_ for token in doc[candidate.end : candidate.end + _NEAR]]
        return (
            not self.before.isdisjoint(before[-1:])
            or not self.after.isdisjoint(after[:1])
            or not self.near.isdisjoint(before + after)
        )


@contextmanager
def reading(text: str) -> Iterator[Doc]:
    """Give the text's tokens, with offsets into the text as it came, for the length of a ``with`` block.

    Parameters
    ----------
    text : str

    Yields
    ------
    Doc
        Nothing of it may be kept after the block: its words are forgotten then.
    """
    blanked = _blanked(text[:MOST_CHARACTERS])
    with _ONE_AT_A_TIME:
        reader = _reader()
        reader.keep_words(blanked)
        with reader.nlp.memory_zone():
            yield reader.nlp.make_doc(blanked)


def candidates(doc: Doc) -> list[Candidate]:
    """Find where facts may stand.

    Parameters
    ----------
    doc : Doc
        As `reading` gave it.

    Returns
    -------
    list of Candidate
        In the order of the text; of those of one fact that overlap, the longest.
    """
    reader = _reader()
    found = []
    for key, start, end in reader.matcher(doc[:MOST_TOKENS]):
        fact, _, pattern = doc.vocab.strings[key].partition(".")
        candidate = Candidate(fact, pattern, start, end)
        if fact not in reader.unless or not reader.unless[fact].forbids(doc, candidate):
            found.append(candidate)
    found.sort(key=lambda c: (c.start - c.end, c.start, c.fact, c.pattern))
    kept: list[Candidate] = []
    taken: dict[str, set[int]] = {}
    for candidate in found:
        tokens = range(candidate.start, candidate.end)
        if taken.setdefault(candidate.fact, set()).isdisjoint(tokens):
            taken[candidate.fact].update(tokens)
            kept.append(candidate)
    return sorted(kept, key=lambda c: (c.start, c.fact))


def _blanked(text: str) -> str:
    for pattern in (_SLOW, _LONG_TOKEN):
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text


@dataclass(frozen=True, slots=True)
class _Reader:
    """What reads a text: blank English, the matcher of all patterns, and where they do not hold."""

    nlp: Language
    matcher: Matcher
    unless: Mapping[str, _Unless]
    kept: set[str] = field(default_factory=set)

    def keep_words(self, text: str) -> None:
        """Keep what is known of the text's plain words: to find it out for each text anew takes the longest of all.

        Only words of the lexicon are kept, in three ways of writing; so what is kept has a bound and no names in it.
        """
        for word in set(_LETTERS.findall(text)) - self.kept:
            if is_plain(word.lower()) and word in (word.lower(), word.capitalize(), word.upper()):
                self.nlp.make_doc(word)
                self.kept.add(word)


@cache
def _reader() -> _Reader:
    lexicon = tomllib.loads(resources.files("opportunity.advice").joinpath("lexicons/facts.toml").read_text("utf-8"))
    classes, unless = lexicon.pop("classes"), lexicon.pop("unless")
    nlp = spacy.blank("en")
    vocab: Any = nlp.vocab  # its stub leaves this out
    vocab.lex_attr_getters = {
        a: vocab.lex_attr_getters[a] for a in map(vocab.strings.__getitem__, ("LOWER", "IS_STOP"))
    }
    tokenizer: Any = nlp.tokenizer
    tokenizer.token_match = _KEPT_WHOLE.fullmatch
    tokenizer.infix_finditer = compile_infix_regex(_BETWEEN).finditer
    return _Reader(
        nlp,
        _matcher(nlp, lexicon, classes),
        {fact: _Unless(**{place: frozenset(words) for place, words in sets.items()}) for fact, sets in unless.items()},
    )


def _matcher(nlp: Language, patterns: Mapping[str, Mapping[str, list[str]]], classes: Mapping[str, Any]) -> Matcher:
    """The patterns as a matcher; word classes become flags of the words, which costs nothing at match time."""
    written = [element for groups in patterns.values() for group in groups.values() for element in group]
    named = sorted(set(re.findall(r"\b[A-Z]{2,}\b", " ".join(written))))
    flags = {name: nlp.vocab.add_flag(_membership(name, classes)) for name in named}
    matcher = Matcher(nlp.vocab, validate=False)
    for fact, groups in patterns.items():
        for group, lines in groups.items():
            spelled_out = [pattern for line in lines for pattern in _spelled_out(line, flags)]
            matcher.add(f"{fact}.{group}", spelled_out, greedy="LONGEST")
    return matcher


def _membership(name: str, classes: Mapping[str, Mapping[str, Any]]) -> Callable[[str], bool]:
    """Whether a word is of the class: by the class's own words and shapes, and those of the classes it takes in."""
    specs = [classes[part] for part in (name, *classes[name].get("classes", ()))]
    words = {word for spec in specs for word in spec.get("words", ())}
    among = frozenset(form for word in words for form in (word, word.capitalize(), word.upper())).__contains__
    shapes = [spec["regex"] for spec in specs if "regex" in spec]
    if not shapes:
        return among
    matches = re.compile("|".join(f"(?:{shape})" for shape in shapes), re.IGNORECASE).fullmatch
    return lambda word: among(word) or matches(word) is not None


def _spelled_out(written: str, flags: Mapping[str, int]) -> Iterator[list[dict[Any, Any]]]:
    """A written pattern as patterns of the matcher, one for each combination of its choices."""
    for choice in product(*(_choices(element, flags) for element in written.split())):
        yield list(choice)


def _choices(element: str, flags: Mapping[str, int]) -> list[dict[Any, Any]]:
    optional = {"OP": "?"} if element.startswith("~") else {}
    names = element.removeprefix("~").split("|")
    return [({flags[name]: True} if name in flags else {"LOWER": name}) | optional for name in names]


def content_words(doc: Doc) -> list[int]:
    """Say which tokens may name a thing: words of letters that are no function words.

    Parameters
    ----------
    doc : Doc
        As `reading` gave it.

    Returns
    -------
    list of int
    """
    return [t.i for t in doc[:MOST_TOKENS] if t.text[0].isalpha() and len(t) > 1 and not t.is_stop]
