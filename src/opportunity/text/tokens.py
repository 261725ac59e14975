"""Words of a message: one rule, for one message with offsets and for an Arrow column at speed.

A token is a run of letters and digits, with apostrophes inside; ``!`` and ``?`` and every emoji are tokens of
their own. Tokens are lower case, without accents, with straight apostrophes, and folded: every number is ``0``,
every name of a person ``somebody``, every name of a place ``somewhere``, several of a kind in a row one token (so a
model cannot learn, and a vocabulary cannot leak, who, where or how many).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opportunity.text.fold import PLACEHOLDERS, fold
from opportunity.text.known import KnownWords
from opportunity.text.traced import Traced

__all__ = ["Token", "TokenColumn", "fold_text", "tokenize", "tokenize_column"]

_LETTER = r"[^\W_][\u0300-\u036f]*"
_EMOJI = "[\u2600-\u27bf\U0001f000-\U0001faff]"
_TOKEN = re.compile(rf"(?:{_LETTER})+(?:(?:['’ʼ]|(?<=\d)[.,](?=\d))(?:{_LETTER})+)*|[!?]|{_EMOJI}")
_SIGNS = "[‘“”–—…•£€\u00a0\u200d\ufe0f]"
"""The commonest other characters that are in no token."""

_WHOLE = "\u2600-\u2775\u2794-\u27bf\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
"""The emoji that are their own normal form."""


class Token(NamedTuple):
    """One token of a message.

    Attributes
    ----------
    word : str
        Its normal form.
    start, end : int
        Offsets in characters into the text.
    """

    word: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Split one message.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Token
        In the order of the text.

    Examples
    --------
    >>> [token.word for token in tokenize("Café's 2nd order WON’T come!")]
    ["cafe's", '0nd', 'order', "won't", 'come', '!']
    """
    tokens: list[Token] = []
    last = ""
    for found in _TOKEN.finditer(text):
        word, (start, end) = _normal(found.group()), found.span()
        if word == last and word in PLACEHOLDERS:
            start = tokens.pop().start
        tokens.append(Token(word, start, end))
        last = word
    return tokens


def fold_text(text: str) -> Traced:
    """Write the folded tokens into one message, for a model that splits words in its own way.

    Parameters
    ----------
    text : str

    Returns
    -------
    Traced
        It knows where each character stood.

    Examples
    --------
    >>> fold_text("Sarah Jones in Leeds took £45.50, TWICE.").text
    'somebody in somewhere took £0, TWICE.'
    """
    tokens = tokenize(text)
    return Traced(text).edit((t.start, t.end, t.word) for t in tokens if t.word != text[t.start : t.end].lower())


def _normal(word: str) -> str:
    if word.isascii():
        return fold(word.lower())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold()).translate(_APOSTROPHES)
    return fold("".join(c for c in plain if c.isalnum() or c == "'").strip("'")) or word


_APOSTROPHES = {ord("’"): "'", ord("ʼ"): "'"}


@dataclass(frozen=True, slots=True)
class TokenColumn:
    """The tokens of many messages, numbered.

    Attributes
    ----------
    numbers : ndarray of int, shape (n_tokens,)
        For each token, in order, its place among the known words; -1 for one that is not known.
    offsets : ndarray of int64, shape (n_messages + 1,)
        Message ``i`` has the tokens ``offsets[i]:offsets[i + 1]``.
    """

    numbers: NDArray[np.intp]
    offsets: NDArray[np.int64]

    @property
    def n_tokens(self) -> NDArray[np.int64]:
        """How many tokens each message has."""
        return np.diff(self.offsets)


def tokenize_column(texts: Any, known: KnownWords) -> TokenColumn:
    """Split a column of messages into the tokens that `tokenize` gives for each.

    Parameters
    ----------
    texts : pyarrow.Array of string or large_string, without nulls
    known : KnownWords

    Returns
    -------
    TokenColumn
    """
    import pyarrow as pa

    plain, offsets = _spaced(_only_ascii(texts.cast(pa.large_string())))
    starts, ends = _places(plain, offsets)
    numbers, offsets = known.number(plain, starts, ends), np.searchsorted(starts, offsets)
    again = np.flatnonzero(numbers[1:] == numbers[:-1]) + 1  # one of several placeholders of a kind in a row is left
    again = again[np.isin(numbers[again], known.placeholders) & (offsets[np.searchsorted(offsets, again)] != again)]
    return TokenColumn(np.delete(numbers, again), offsets - np.searchsorted(again, offsets))


def _places(plain: NDArray[np.uint8], offsets: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where tokens start and end in the bytes of all messages: at spaces, at marks and between messages."""
    filled = np.concatenate(([False], plain != _SPACE, [False]))
    before, after = filled[:-1], filled[1:]
    apart = np.zeros(len(before), bool)
    marks = np.flatnonzero((plain == _MARKS[0]) | (plain == _MARKS[1]))
    apart[offsets] = apart[marks] = apart[marks + 1] = True
    return np.flatnonzero(after & (apart | ~before)), np.flatnonzero(before & (apart | ~after))


def _only_ascii(texts: Any) -> Any:
    """Rewrite the rows with other characters as their tokens; emoji stay, as words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    other = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(other).as_py():
        return texts
    plain = pc.replace_substring(pc.replace_substring_regex(texts.filter(other), _SIGNS, " "), "’", "'")
    plain = pc.replace_substring_regex(plain, f"[{_WHOLE}]", r" \0 ")
    normal, due = _NormalForms(), pc.match_substring_regex(plain, f"[^\x00-\x7f{_WHOLE}]")
    rewritten = [normal.rewrite(row) for row in plain.filter(due).to_pylist()]
    plain = pc.replace_with_mask(plain, due, pa.array(rewritten, pa.large_string()))
    return pc.replace_with_mask(texts, other, plain)


class _NormalForms(dict[str, str]):
    """The normal form of each word, made when it is first met."""

    def __missing__(self, word: str) -> str:
        self[word] = _normal(word)
        return self[word]

    def rewrite(self, text: str) -> str:
        """A text, its pieces with characters that are not ASCII as their tokens, apart."""
        return " ".join(piece if piece.isascii() else self._tokens(piece) for piece in text.split(" "))

    def _tokens(self, piece: str) -> str:
        return " ".join(map(self.__getitem__, _TOKEN.findall(piece)))


def _spaced(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The lower-case bytes of all texts, a space for each that is in no token, and where each text begins in them."""
    _, offset_buffer, data = texts.buffers()
    if data is None:
        return np.zeros(0, np.uint8), np.zeros(len(texts) + 1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    low, high = int(offsets[0]), int(offsets[-1])
    given = memoryview(data)[low:high]
    plain = np.frombuffer(bytearray(given).translate(_BYTES), np.uint8)
    _drop_loose_apostrophes(plain, offsets - low)
    _join_numbers(np.frombuffer(given, np.uint8), plain, offsets - low)
    return plain, offsets - low


def _drop_loose_apostrophes(plain: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    """Keep an apostrophe only between two characters of the same token."""
    at = np.flatnonzero(plain == _APOSTROPHE)
    inside = _inside(at, plain, _WORD, offsets)
    plain[at] = _SPACE
    plain[inside] = _APOSTROPHE


def _join_numbers(given: NDArray[np.uint8], plain: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    """Make a digit of a point or comma between two digits."""
    at = np.flatnonzero((given == ord(".")) | (given == ord(",")))
    plain[_inside(at, plain, _NUMBER, offsets)] = _DIGIT


def _inside(
    at: NDArray[np.intp], plain: NDArray[np.uint8], kind: NDArray[np.bool_], offsets: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Those of some places that stand between two bytes of a kind in the same message."""
    between = kind[plain.take(at - 1, mode="wrap")] & kind[plain.take(at + 1, mode="wrap")]
    at = at[between]
    row = np.searchsorted(offsets, at, side="right") - 1
    return at[(at > offsets[row]) & (at + 1 < offsets[row + 1])]


def _byte_table() -> bytes:
    kept = {c: c for c in b"abcdefghijklmnopqrstuvwxyz!?'"} | {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
    kept |= dict.fromkeys(b"0123456789", _DIGIT)
    return bytes(c if c > 127 else kept.get(c, _SPACE) for c in range(256))


_SPACE, _APOSTROPHE, _DIGIT, _MARKS = ord(" "), ord("'"), ord("0"), b"!?"
_BYTES = _byte_table()
_WORD = np.array([chr(c).isalnum() or c > 127 for c in range(256)])
_NUMBER = np.arange(256) == _DIGIT
