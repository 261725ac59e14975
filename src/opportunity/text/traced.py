"""A text that is edited and still knows which characters of the original each of its own stands for."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Edits", "Traced"]

Replacement = str | Callable[[re.Match[str]], str | None]


@dataclass(frozen=True, slots=True)
class Edits:
    """One round of edits: new piece ``i`` stands for old piece ``i``, all else is unchanged.

    Attributes
    ----------
    new_starts, new_ends : list of int
        Where the pieces lie in the text after the edits, in order.
    old_starts, old_ends : list of int
        Where they lay before.
    """

    new_starts: list[int]
    new_ends: list[int]
    old_starts: list[int]
    old_ends: list[int]

    def before(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of the new text lay in the old one; a piece that was replaced counts as a whole.

        Parameters
        ----------
        start, end : int
            Offsets into the text after the edits.

        Returns
        -------
        tuple of int
            Offsets into the text before the edits.
        """
        i = bisect_right(self.new_starts, start) - 1
        if i >= 0:
            inside = start < self.new_ends[i]
            old_start = self.old_starts[i] if inside else self.old_ends[i] + start - self.new_ends[i]
        else:
            old_start = start
        if end <= start:
            return old_start, old_start
        i = bisect_right(self.new_starts, end - 1) - 1
        if i < 0:
            return old_start, end
        return old_start, self.old_ends[i] + max(0, end - self.new_ends[i])


@dataclass(frozen=True, slots=True)
class Traced:
    """A text and the rounds of edits that made it.

    Every change returns a new object; where nothing changes, the same object comes back.

    Attributes
    ----------
    text : str
        The text as it now is.
    rounds : tuple of Edits
        What was done to it, first to last.
    """

    text: str
    rounds: tuple[Edits, ...] = ()

    def edit(self, pieces: Iterable[tuple[int, int, str]]) -> "Traced":
        """Put other text in the place of some pieces.

        Parameters
        ----------
        pieces : iterable of (start, end, new)
            In order and apart from each other.

        Returns
        -------
        Traced
        """
        if not (pieces := list(pieces)):
            return self
        parts: list[str] = []
        read = 0
        for start, end, new in pieces:
            parts += (self.text[read:start], new)
            read = end
        parts.append(self.text[read:])
        lengths = list(accumulate(map(len, parts)))
        edits = Edits(lengths[:-1:2], lengths[1::2], [piece[0] for piece in pieces], [piece[1] for piece in pieces])
        return Traced("".join(parts), (*self.rounds, edits))

    def replace(self, pattern: re.Pattern[str], new: Replacement) -> "Traced":
        """Replace what a pattern finds.

        Parameters
        ----------
        pattern : re.Pattern
        new : str or callable
            The replacement, or a function of the match; None leaves the match as it is.

        Returns
        -------
        Traced
        """
        found = pattern.finditer(self.text)
        if isinstance(new, str):
            return self.edit([(*m.span(), new) for m in found if m[0] != new])
        put = [(m, new(m)) for m in found]
        return self.edit([(*m.span(), text) for m, text in put if text is not None and text != m[0]])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of this text lay in the original.

        Parameters
        ----------
        start, end : int
            Offsets into ``text``.

        Returns
        -------
        tuple of int
            Offsets into the original.
        """
        for edits in reversed(self.rounds):
            start, end = edits.before(start, end)
        return start, end
