"""Cues: what a reader notices and a count of words does not, such as a promise that was not kept.

``cues.toml`` writes each cue as patterns of words, word classes and gaps. A pattern is looked for by its anchor, the
element that is rarest: wherever a word of the anchor stands, the elements to its right and then those to its left are
compared, for all patterns and messages at once. One message goes the same way as many.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from importlib import resources
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from opportunity.text.known import KnownWords

__all__ = ["CueMatches", "Cues", "shipped_cues"]

_FIRST, _LAST = "^", "$"
"""What stands before the first and after the last word of a message."""

_RARE = 1e-4
"""How common a word counts that is not among the common ones, against 0.2 for the commonest."""

_MARGIN = 100
"""Places around the column; no pattern reaches farther from its anchor."""

Words = frozenset[str]
Numbers = NDArray[np.intp]
"""What other arrays are looked up by; numpy is fastest with integers of this width."""


class CueMatches(NamedTuple):
    """Where cues stand: once per message and cue, the shortest match and of these the first.

    Attributes
    ----------
    message, cue : ndarray of int64
        Their numbers; ascending.
    start, stop : ndarray of int64
        The tokens of the match, counted in the message; ``stop`` is the one after the last.
    """

    message: NDArray[np.int64]
    cue: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]


class _Element(NamedTuple):
    """One element of a pattern; up to ``gap`` words stand between it and the one before."""

    words: Words
    gap: int
    optional: bool


class _Pattern(NamedTuple):
    """A pattern as seen from its anchor; the gap of a step lies between it and the step before.

    One of ``beside_words`` stands ``beside`` the anchor, one place to its right or left, in every match; where the
    pattern leaves that open, ``beside`` is 0 and the words are the anchor's. Where they are a whole element, that one
    is no longer a step: the pattern is known to reach to ``right_end`` and ``left_end``, counted from the anchor.
    """

    cue: int
    anchor: Words
    right: tuple[_Element, ...]
    left: tuple[_Element, ...]
    beside: int
    beside_words: Words
    right_end: int
    left_end: int


class _Meetings(NamedTuple):
    """The patterns that may stand where two words meet, the anchor and the one ``step`` places from it.

    Words that all patterns take alike are a class. A pair is the sum of the first word's ``anchor``, 0 where it is
    none, and the second word's ``beside``; its patterns are the ``many`` in ``patterns`` from ``begins``.
    """

    step: int
    anchor: Numbers
    beside: Numbers
    begins: Numbers
    many: Numbers
    patterns: Numbers


class _Steps(NamedTuple):
    """The steps of all patterns to one side, arrays of shape (n_steps, n_patterns)."""

    column: Numbers
    gap: NDArray[np.int8]
    optional: NDArray[np.bool_]
    length: NDArray[np.int8]


class _Trail(NamedTuple):
    """Patterns under way: which, where the far end of the finished side stands, and how far this side has come."""

    pattern: Numbers
    other: Numbers
    at: Numbers

    def keep(self, which: NDArray[np.bool_]) -> "_Trail":
        places = which.nonzero()[0]
        return _Trail(self.pattern.take(places), self.other.take(places), self.at.take(places))


class _Stream(NamedTuple):
    """A column's words with the two ends of each message, and the message that each place belongs to."""

    word: Numbers
    message: Numbers


@dataclass(frozen=True, eq=False)
class Cues:
    """Cues, ready to be looked for.

    Attributes
    ----------
    names : tuple of str
    labels : tuple of tuple of str
        The head and the label that each cue speaks for.
    digest : str
        SHA-256 of the file that they were read from.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    digest: str
    _patterns: tuple[_Pattern, ...] = field(repr=False)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the contents of a file of cues.

        Parameters
        ----------
        content : bytes
            TOML.

        Returns
        -------
        Cues

        Raises
        ------
        ValueError
            If every word of a pattern is optional, or it reaches too far.
        """
        data = tomllib.loads(content.decode())
        classes = {name: frozenset(words.split()) for name, words in data["classes"].items()}
        common = {word: 1 / (place + 5) for place, word in enumerate(data["common"].split())}
        lines = [(i, line) for i, cue in enumerate(data["cues"].values()) for line in cue["patterns"].splitlines()]
        patterns = tuple(_pattern(i, _elements(line, classes), common) for i, line in lines if line)
        labels = tuple(
            (head, label) for head, _, label in (cue["label"].partition(":") for cue in data["cues"].values())
        )
        return cls(tuple(data["cues"]), labels, sha256(content).hexdigest(), patterns)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def words(self) -> Collection[str]:
        """The words that patterns ask for."""
        return self._number.keys()

    def numbering(self, known: KnownWords) -> NDArray[np.intp]:
        """Number known words in the way of `match`.

        Parameters
        ----------
        known : KnownWords

        Returns
        -------
        ndarray of int, shape (n_known + 1,)
            Last stands the number of a word that is not known; those that no pattern asks for have the same.
        """
        return self._numbers((*known.words, ""))

    def _numbers(self, words: Sequence[str]) -> NDArray[np.intp]:
        number, unknown = self._number, len(self._number)
        return np.array([number.get(word, unknown) for word in words], np.intp)

    def match(self, numbers: NDArray[np.intp], n_tokens: NDArray[np.int64]) -> CueMatches:
        """Find the cues of many messages.

        Parameters
        ----------
        numbers : ndarray of int, shape (n_words,)
            The tokens of all messages, one after another, as `numbering` numbers them.
        n_tokens : ndarray of int64, shape (n_messages,)
            How many tokens each message has.

        Returns
        -------
        CueMatches
        """
        stream = self._stream(numbers, n_tokens)
        right, left = self._steps
        ahead = self._walk(self._anchors(stream), right, 1, stream)
        trail = self._walk(_Trail(ahead.pattern, ahead.at, ahead.other), left, -1, stream)
        message = stream.message[trail.at].astype(np.int64)
        before = np.concatenate(([0], np.cumsum(n_tokens + 2)))[message] + _MARGIN + 1
        start = np.maximum(trail.at - before, 0)
        stop = np.minimum(trail.other - before + 1, n_tokens[message])
        return _shortest(CueMatches(message, self._cue[trail.pattern], start, stop), len(self))

    def match_words(self, words: Sequence[str]) -> CueMatches:
        """Find the cues of one message.

        Parameters
        ----------
        words : sequence of str
            Its tokens.

        Returns
        -------
        CueMatches
        """
        return self.match(self._numbers(words), np.array([len(words)]))

    def _stream(self, numbers: Numbers, n_tokens: NDArray[np.int64]) -> _Stream:
        """Set each message between its two ends; a word is held as its row in `_member`."""
        unknown = len(self._number)
        size = len(numbers) + 2 * len(n_tokens)
        word = np.full(size + 2 * _MARGIN, unknown, np.intp)
        message = np.full(size + 2 * _MARGIN, -1, np.intp)
        message[_MARGIN:-_MARGIN] = _repeated(n_tokens + 2)
        ends = np.cumsum(n_tokens + 2) + _MARGIN
        word[ends - n_tokens - 2], word[ends - 1] = unknown + 1, unknown + 2
        inside = np.ones(size, bool)
        inside[ends - n_tokens - 2 - _MARGIN] = inside[ends - 1 - _MARGIN] = False
        word[_MARGIN:-_MARGIN][inside] = numbers
        return _Stream(word, message)

    def _anchors(self, stream: _Stream) -> _Trail:
        """Every anchor of every pattern in the column, where the word beside it lets the pattern stand."""
        found = []
        right_end, left_end = self._ends
        for meetings in self._meetings:
            anchor = meetings.anchor.take(stream.word)
            at = np.flatnonzero(anchor > 0)
            pair = anchor.take(at) + meetings.beside.take(stream.word.take(at + meetings.step))
            many = meetings.many.take(pair)
            met = np.flatnonzero(many > 0)
            at, pair, many = at.take(met), pair.take(met), many.take(met)
            begins = meetings.begins.take(pair) - (np.cumsum(many) - many)
            which = _repeated(many)
            pattern, at = meetings.patterns.take(begins.take(which) + np.arange(len(which))), at.take(which)
            found.append(_Trail(pattern, at + left_end.take(pattern), at + right_end.take(pattern)))
        return _joined(found)

    def _walk(self, trail: _Trail, steps: _Steps, direction: int, stream: _Stream) -> _Trail:
        """Follow all patterns to one side; what comes back has all its elements there, in one message."""
        arrived = []
        for step in range(len(steps.column)):
            if not len(trail.at):
                break
            ongoing = steps.length.take(trail.pattern) > step
            arrived.append(trail.keep(~ongoing))
            trail = self._advance(trail.keep(ongoing), steps, step, direction, stream)
        joined = _joined([*arrived, trail])
        return joined.keep(stream.message.take(joined.at) == stream.message.take(joined.other))

    def _advance(self, trail: _Trail, steps: _Steps, step: int, direction: int, stream: _Stream) -> _Trail:
        """Go one element on, over each width of the gap before it."""
        member, width = self._member.reshape(-1), self._member.shape[1]
        came, gap = [], steps.gap[step].take(trail.pattern)
        for passed in range(gap.max(initial=0) + 1):
            if passed:
                trail, gap = trail.keep(gap >= passed), gap[gap >= passed]
            at = trail.at + direction * (passed + 1)
            there = member.take(stream.word.take(at) * width + steps.column[step].take(trail.pattern))
            came.append(trail._replace(at=at).keep(there))
            if (optional := steps.optional[step].take(trail.pattern)).any():
                passed_by = trail.keep(optional)
                came.append(passed_by._replace(at=passed_by.at + direction * passed))
        return _joined(came)

    @cached_property
    def _sets(self) -> dict[Words, int]:
        """A number for each set of words that is an element."""
        every = dict.fromkeys(e.words for pattern in self._patterns for e in pattern.right + pattern.left)
        return {words: i for i, words in enumerate(every)}

    @cached_property
    def _number(self) -> dict[str, int]:
        beside = (pattern.anchor | pattern.beside_words for pattern in self._patterns)
        words = frozenset().union(*self._sets, *beside) - {_FIRST, _LAST}
        return {word: i for i, word in enumerate(sorted(words))}

    @cached_property
    def _rows(self) -> dict[str, int]:
        """A row of `_member` for each word, after the unknown one for the two ends."""
        n = len(self._number)
        return self._number | {_FIRST: n + 1, _LAST: n + 2}

    @cached_property
    def _member(self) -> NDArray[np.bool_]:
        """Whether a word is in a set."""
        out = np.zeros((len(self._rows) + 1, len(self._sets)), bool)
        for words, column in self._sets.items():
            out[[self._rows[word] for word in words], column] = True
        return out

    @cached_property
    def _meetings(self) -> tuple[_Meetings, ...]:
        return tuple(map(self._meetings_at, sorted({pattern.beside for pattern in self._patterns})))

    def _meetings_at(self, step: int) -> _Meetings:
        chosen = [i for i, pattern in enumerate(self._patterns) if pattern.beside == step]
        anchor, anchor_classes = self._classes([self._patterns[i].anchor for i in chosen])
        beside, beside_classes = self._classes([self._patterns[i].beside_words for i in chosen])
        height, width = max(anchor) + 1, max(beside) + 1
        pairs = [
            np.add.outer(np.multiply(a, width), b).ravel() for a, b in zip(anchor_classes, beside_classes, strict=True)
        ]
        pair, pattern = np.concatenate(pairs), np.repeat(chosen, list(map(len, pairs)))
        many = np.bincount(pair, minlength=height * width)
        patterns = pattern[np.argsort(pair, kind="stable")]
        return _Meetings(step, np.multiply(anchor, width), np.array(beside), np.cumsum(many) - many, many, patterns)

    def _classes(self, sets: Sequence[Words]) -> tuple[list[int], list[list[int]]]:
        """Number words by the sets that they are in, 0 for none; also the numbers that each set has."""
        within: list[list[int]] = [[] for _ in range(len(self._rows) + 1)]
        for i, words in enumerate(sets):
            for word in words:
                within[self._rows[word]].append(i)
        number: dict[tuple[int, ...], int] = {(): 0}
        of_word = [number.setdefault(tuple(ins), len(number)) for ins in within]
        of_set: list[list[int]] = [[] for _ in sets]
        for ins, i in number.items():
            for place in ins:
                of_set[place].append(i)
        return of_word, of_set

    @cached_property
    def _cue(self) -> NDArray[np.int64]:
        return np.array([pattern.cue for pattern in self._patterns])

    @cached_property
    def _ends(self) -> tuple[Numbers, Numbers]:
        """How far each pattern is known to reach to the right and to the left of its anchor."""
        right, left = zip(*((pattern.right_end, pattern.left_end) for pattern in self._patterns), strict=True)
        return np.array(right, np.intp), np.array(left, np.intp)

    @cached_property
    def _steps(self) -> tuple[_Steps, _Steps]:
        return self._side([p.right for p in self._patterns]), self._side([p.left for p in self._patterns])

    def _side(self, sides: Sequence[Sequence[_Element]]) -> _Steps:
        shape = (max(map(len, sides)), len(sides))
        steps = _Steps(
            np.zeros(shape, np.intp), np.zeros(shape, np.int8), np.zeros(shape, bool), np.zeros(len(sides), np.int8)
        )
        for i, side in enumerate(sides):
            steps.length[i] = len(side)
            for k, (words, gap, optional) in enumerate(side):
                steps.column[k, i], steps.gap[k, i], steps.optional[k, i] = self._sets[words], gap, optional
        return steps


@cache
def shipped_cues() -> Cues:
    """Read the cues that come with the library.

    Returns
    -------
    Cues
    """
    return Cues.parse(resources.files("opportunity.model").joinpath("cues.toml").read_bytes())


def _elements(line: str, classes: Mapping[str, Words]) -> list[_Element]:
    """Read one line of patterns."""
    out, gap = [], 0
    for part in line.split():
        if part[:2] == ".." and part[2:].isdigit():
            gap = int(part[2:])
            continue
        choices = part.removeprefix("~").split("|")
        words = frozenset().union(*(classes.get(choice, {choice}) for choice in choices))
        out.append(_Element(words, gap, part.startswith("~")))
        gap = 0
    return out


def _pattern(cue: int, elements: Sequence[_Element], common: Mapping[str, float]) -> _Pattern:
    """Turn elements in order into a pattern seen from its rarest one."""

    def commonness(words: Words) -> float:
        return sum(common.get(word, _RARE) for word in words)

    needed = [i for i, element in enumerate(elements) if not element.optional]
    if all(elements[i].words & {_FIRST, _LAST} for i in needed):
        raise ValueError("a pattern must have a word that is not optional")
    if sum(element.gap + 1 for element in elements) > _MARGIN:
        raise ValueError(f"a pattern must not reach over more than {_MARGIN} words")
    rarest = min(needed, key=lambda i: commonness(elements[i].words))
    anchor, right = elements[rarest].words, tuple(elements[rarest + 1 :])
    left = tuple(elements[i]._replace(gap=elements[i + 1].gap) for i in reversed(range(rarest)))
    sides = [(step, words) for step, side in ((1, right), (-1, left)) if (words := _next_words(side))]
    beside, words = min(sides, key=lambda side: commonness(side[1]), default=(0, anchor))
    known_right, known_left = (beside == step and not side[0].optional for step, side in ((1, right), (-1, left)))
    return _Pattern(
        cue, anchor, right[known_right:], left[known_left:], beside, words, int(known_right), -int(known_left)
    )


def _next_words(side: Sequence[_Element]) -> Words:
    """What may stand right beside the anchor on one side; nothing where it may be any word."""
    words: Words = frozenset()
    for element in side:
        if element.gap:
            break
        words |= element.words
        if not element.optional:
            return words
    return frozenset()


def _repeated(many: NDArray[np.int64]) -> Numbers:
    """Each number from 0 so many times, at least once; unlike numpy's own, it lets other threads go on meanwhile."""
    steps = np.zeros(int(many.sum()), np.intp)
    steps[np.cumsum(many[:-1])] = 1
    return np.cumsum(steps)


def _joined(trails: Sequence[_Trail]) -> _Trail:
    return trails[0] if len(trails) == 1 else _Trail(*map(np.concatenate, zip(*trails, strict=True)))


def _shortest(found: CueMatches, n_cues: int) -> CueMatches:
    """Keep one match per message and cue: the one whose length, then start, is least."""
    group = found.message * n_cues + found.cue
    keys = np.sort(group << 32 | (found.stop - found.start) << 24 | found.start)
    kept = keys[np.flatnonzero(np.diff(keys >> 32, prepend=-1))]
    start = kept & (1 << 24) - 1
    return CueMatches(*np.divmod(kept >> 32, n_cues), start, start + (kept >> 24 & 255))
