"""Tokens as they are spelled in a column's bytes: looked up among known words, and told apart from each other.

Both are done on integers where they can be, which takes a fraction of the time of strings: the first eight bytes of a
token are one, and most tokens have no more.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from opportunity.text.fold import PLACEHOLDERS, fold
from opportunity.text.slots import Slots

__all__ = ["KnownWords"]

_KEY_BYTES = 8
_FIRST_BYTES = np.array([*(256**n - 1 for n in range(_KEY_BYTES)), -1])
_MOST_OTHERS = 1 << 16
_LONG = 1
"""The lowest byte of what stands for a long token; no token begins with it."""


class _Pieces(NamedTuple):
    """Tokens, as spelled.

    Attributes
    ----------
    keys : ndarray of int64, shape (n_pieces,)
        The first eight bytes of each, the first lowest.
    long : ndarray of int, shape (n_long,)
        Those that have more.
    spelled : pyarrow.LargeBinaryArray, of length n_long
        The long ones in full.
    """

    keys: NDArray[np.int64]
    long: NDArray[np.intp]
    spelled: Any

    @classmethod
    def of(cls, plain: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp]) -> Self:
        """Cut tokens out of bytes.

        Parameters
        ----------
        plain : ndarray of uint8
        starts, ends : ndarray of int, shape (n_pieces,)
            Ascending and apart.

        Returns
        -------
        _Pieces
        """
        import pyarrow as pa

        lengths = ends - starts
        padded = np.concatenate((plain, np.zeros(_KEY_BYTES, np.uint8)))
        eights: Any = np.ndarray((len(plain) + 1,), "<i8", padded, strides=(1,))
        long = np.flatnonzero(lengths > _KEY_BYTES)
        between = np.column_stack((starts[long], ends[long])).ravel()  # every other piece is a token
        buffers = [None, pa.py_buffer(between), pa.py_buffer(plain)]
        spelled = pa.LargeBinaryArray.from_buffers(pa.large_binary(), max(2 * len(long) - 1, 0), buffers)
        return cls(
            eights[starts] & _FIRST_BYTES.take(np.minimum(lengths, _KEY_BYTES)),
            long,
            spelled.take(pa.array(np.arange(0, 2 * len(long), 2))),
        )

    def distinct(self) -> tuple[list[bytes], NDArray[np.intp]]:
        """Find the distinct pieces and the place of each piece among them.

        Returns
        -------
        words : list of bytes
        places : ndarray of int, shape (n_pieces,)
        """
        import pyarrow as pa

        longer = self.spelled.dictionary_encode()
        keys = self.keys.copy()
        keys[self.long] = longer.indices.to_numpy().astype(np.int64) << 8 | _LONG
        encoded = pa.array(keys).dictionary_encode()
        distinct = encoded.dictionary.to_numpy()
        words, long_words = distinct.view(f"S{_KEY_BYTES}").tolist(), longer.dictionary.to_pylist()
        for i in np.flatnonzero(distinct & 255 == _LONG).tolist():
            words[i] = long_words[int(distinct[i]) >> 8]
        return words, encoded.indices.to_numpy().astype(np.intp)


class KnownWords:
    """Words that are numbered, and all tokens that are folded into one of them.

    Parameters
    ----------
    words : iterable of str
        In their normal form.

    Attributes
    ----------
    words : tuple of str
        Each once; `opportunity.text.fold.PLACEHOLDERS` are always among them.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys((*words, *PLACEHOLDERS)))
        self._numbers = {word: i for i, word in enumerate(self.words)}
        self._others = _Others(self._numbers)

    def __reduce__(self) -> tuple[type["KnownWords"], tuple[tuple[str, ...]]]:
        """Only the words are kept, nothing of the tokens that were met."""
        return KnownWords, (self.words,)

    @property
    def placeholders(self) -> list[int]:
        """The numbers of the placeholders."""
        return [self._numbers[word] for word in PLACEHOLDERS]

    def number(self, plain: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
        """Number tokens.

        Parameters
        ----------
        plain : ndarray of uint8
            The bytes of all messages, in lower case, each digit a ``0``.
        starts, ends : ndarray of int, shape (n_tokens,)
            Where tokens stand in them, ascending and apart.

        Returns
        -------
        ndarray of int, shape (n_tokens,)
            The place of each token in `words`, -1 where it is not known.
        """
        out = self._find(_Pieces.of(plain, starts, ends))
        other = np.flatnonzero(out < 0)
        words, places = _Pieces.of(plain, starts[other], ends[other]).distinct()
        out[other] = np.array([self._others[word] for word in words], np.intp).take(places)
        return out

    def _find(self, pieces: _Pieces) -> NDArray[np.intp]:
        """Look up pieces as they are spelled; -1 for one that is no word, or none until it is folded."""
        import pyarrow.compute as pc

        short, long, numbers = self._spelled
        out = short.find(pieces.keys)
        places = pc.fill_null(pc.index_in(pieces.spelled, long), len(long))
        out[pieces.long] = numbers.take(places.to_numpy())
        return out

    @cached_property
    def _spelled(self) -> tuple[Slots, Any, NDArray[np.intp]]:
        """The words that folding leaves as they are: the short ones by their keys; the long ones, and their numbers."""
        import pyarrow as pa

        same = [(word.encode(), i) for word, i in self._numbers.items() if fold(word) == word and "\0" not in word]
        short, long = ([w for w in same if (len(w[0]) > _KEY_BYTES) == is_long] for is_long in (False, True))
        keys = np.array([word for word, _ in short], f"S{_KEY_BYTES}").view("<i8")
        return (
            Slots(keys, np.array([i for _, i in short], np.intp)),
            pa.array([word for word, _ in long], pa.large_binary()),
            np.array([*(i for _, i in long), -1], np.intp),
        )


class _Others(dict[bytes, int]):
    """The numbers of tokens that are spelled otherwise than a known word, as they were found when first met."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers

    def __missing__(self, word: bytes) -> int:
        if len(self) >= _MOST_OTHERS:
            self.clear()
        self[word] = number = self._numbers.get(fold(word.decode()), -1)
        return number
