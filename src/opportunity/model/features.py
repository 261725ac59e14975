"""What the table looks at: words and pairs of neighbouring words, counted, and cues, there or not.

Features are numbered: first the words of the vocabulary, then the pairs, then the cues. A message's counts are divided
by the square root of how many there are, so long messages do not shout; a cue says as much in a long message as in a
short one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from opportunity.model.cues import Cues
from opportunity.text.fold import fold
from opportunity.text.known import KnownWords
from opportunity.text.slots import Slots
from opportunity.text.tokens import Token, TokenColumn, tokenize, tokenize_column

__all__ = ["Counts", "Found", "Occurrence", "Vocabulary", "message_scale"]

_SHIFT = 21
"""Bits of the second word's number in a pair's key; a vocabulary has fewer than 2**21 words."""


class Occurrence(NamedTuple):
    """A feature at a place in a message; `start` and `end` are offsets in characters."""

    feature: int
    start: int
    end: int


class Found(NamedTuple):
    """The features of one message and how many tokens it has."""

    ngrams: list[Occurrence]
    cues: list[Occurrence]
    n_tokens: int
    n_known: int


class Counts(NamedTuple):
    """The features of many messages, counted.

    Attributes
    ----------
    ngrams : scipy.sparse.csr_array of float32, shape (n_messages, n_words + n_pairs)
        Ones where a word or pair is; what is there twice stands twice.
    cues : scipy.sparse.csr_array of float32, shape (n_messages, n_cues)
        Ones where a cue is there.
    n_tokens, n_known : ndarray of int64, shape (n_messages,)
        All tokens, and those that are words of the vocabulary.
    """

    ngrams: Any
    cues: Any
    n_tokens: NDArray[np.int64]
    n_known: NDArray[np.int64]

    @property
    def scale(self) -> NDArray[np.float32]:
        """The messages' scales, shape (n_messages, 1)."""
        return message_scale(np.diff(self.ngrams.indptr))[:, None]

    @property
    def known_share(self) -> NDArray[np.float32]:
        """The share of tokens that the vocabulary knows, shape (n_messages,); NaN where there are none."""
        tokens = np.where(self.n_tokens > 0, self.n_tokens, 1)
        return np.where(self.n_tokens > 0, self.n_known / tokens, np.nan).astype(np.float32)


@dataclass(frozen=True)
class Vocabulary:
    """The words, word pairs and cues that a table knows.

    Attributes
    ----------
    words : tuple of str
        Tokens in the form of `opportunity.text.tokens`.
    pairs : ndarray of int64, shape (n_pairs,)
        ``first << 21 | second``, the words' numbers, ascending.
    cues : Cues or None
    """

    words: tuple[str, ...]
    pairs: NDArray[np.int64] = field(repr=False)
    cues: Cues | None = None

    @classmethod
    def learn(
        cls, texts: Iterable[str], *, extra: Iterable[str] = (), cues: Cues | None = None, at_least: int = 5
    ) -> Self:
        """Keep what at least `at_least` distinct messages carry.

        Parameters
        ----------
        texts : iterable of str
            Masked messages.
        extra : iterable of str
            Words to know in any case: those that have a vector.
        cues : Cues or None
            Cues to look for.
        at_least : int
            Fewest distinct messages that a word or pair must be in.

        Returns
        -------
        Vocabulary
        """
        known = {word: at_least for word in extra if fold(word) == word}  # another never comes out of the tokeniser
        words, pairs = Counter(known), Counter[tuple[str, str]]()
        for text in dict.fromkeys(texts):
            tokens = [token.word for token in tokenize(text)]
            words.update(set(tokens) - known.keys())
            pairs.update(set(pairwise(tokens)))
        kept = tuple(sorted(word for word, n in words.items() if n >= at_least))
        number = {word: i for i, word in enumerate(kept)}
        keys = [number[a] << _SHIFT | number[b] for (a, b), n in pairs.items() if n >= at_least]
        return cls(kept, np.array(sorted(keys), np.int64), cues)

    def __len__(self) -> int:
        return self.n_ngrams + (0 if self.cues is None else len(self.cues))

    @property
    def n_ngrams(self) -> int:
        """How many words and pairs there are: the number of the first cue."""
        return len(self.words) + len(self.pairs)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    @cached_property
    def _known(self) -> KnownWords:
        """The vocabulary's words, and after them those of the cues alone."""
        return KnownWords((*self.words, *(self.cues.words if self.cues else ())))

    @cached_property
    def _cue_numbers(self) -> NDArray[np.intp]:
        return np.zeros(0, np.intp) if self.cues is None else self.cues.numbering(self._known)

    @cached_property
    def _pair_number(self) -> dict[int, int]:
        return {key: len(self.words) + i for i, key in enumerate(self.pairs.tolist())}

    @cached_property
    def _slots(self) -> Slots:
        return Slots(self.pairs, np.arange(len(self.words), self.n_ngrams))

    def find(self, text: str) -> Found:
        """Find the features of one message, with their places.

        Parameters
        ----------
        text : str

        Returns
        -------
        Found
        """
        tokens = [(self._number.get(token.word, -1), token) for token in tokenize(text)]
        found = [Occurrence(i, token.start, token.end) for i, token in tokens if i >= 0]
        n_known = len(found)
        for (i, first), (j, second) in pairwise(tokens):
            if i >= 0 and j >= 0 and (pair := self._pair_number.get(i << _SHIFT | j)) is not None:
                found.append(Occurrence(pair, first.start, second.end))
        return Found(found, self._cues_of([token for _, token in tokens]), len(tokens), n_known)

    def count(self, texts: Sequence[str] | Any) -> Counts:
        """Count the features of many messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array
            Without nulls.

        Returns
        -------
        Counts
        """
        import pyarrow as pa

        given = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.large_string())
        column = tokenize_column(given, self._known)
        bounds = column.offsets
        numbers = np.where(column.numbers < len(self.words), column.numbers, -1)
        ngrams = np.column_stack((numbers, self._pairs_of(numbers, bounds))).ravel()
        known = np.searchsorted(np.flatnonzero(numbers >= 0), bounds)
        return Counts(
            _occurrences(ngrams, 2 * bounds, self.n_ngrams), self._count_cues(column), column.n_tokens, np.diff(known)
        )

    def _cues_of(self, tokens: Sequence[Token]) -> list[Occurrence]:
        """The cues of one message."""
        if self.cues is None:
            return []
        _, cue, start, stop = self.cues.match_words([token.word for token in tokens])
        places = zip(cue.tolist(), start.tolist(), stop.tolist(), strict=True)
        return [Occurrence(self.n_ngrams + i, tokens[a].start, tokens[b - 1].end) for i, a, b in places]

    def _count_cues(self, column: TokenColumn) -> Any:
        """The cues of many messages as a sparse matrix of ones."""
        from scipy.sparse import csr_array

        n_rows = len(column.offsets) - 1
        if self.cues is None:
            return csr_array((n_rows, 0), dtype=np.float32)
        numbers = self._cue_numbers.take(column.numbers, mode="wrap")  # -1 is the last
        message, cue, *_ = self.cues.match(numbers, column.n_tokens)
        ends = np.searchsorted(message, np.arange(n_rows + 1))
        return csr_array((np.ones(len(cue), np.float32), cue, ends), shape=(n_rows, len(self.cues)))

    def _pairs_of(self, numbers: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the pair that begins at each token; -1 where none does."""
        keys = np.append(numbers[:-1] << _SHIFT | numbers[1:], -1)[: len(numbers)]  # below zero where a word is unknown
        keys[bounds[bounds > 0] - 1] = -1  # no pair goes from one message to the next
        return self._slots.find(keys)


def _occurrences(numbers: NDArray[np.int64], bounds: NDArray[np.int64], width: int) -> Any:
    """Rows of occurrences as a sparse matrix; the same number twice in a row stands twice."""
    from scipy.sparse import csr_array

    known = np.flatnonzero(numbers >= 0)
    ends, indices = np.searchsorted(known, bounds), numbers.take(known).astype(np.int32)
    return csr_array(
        (np.ones(len(indices), np.float32), indices, ends.astype(np.int32)), shape=(len(bounds) - 1, width)
    )


def message_scale(n_features: NDArray[np.int64]) -> NDArray[np.float32]:
    """One over the square root of the number of features found; 1 where none is."""
    return (1 / np.sqrt(np.maximum(n_features, 1))).astype(np.float32)
