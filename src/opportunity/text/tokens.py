"""Words of a message: one rule, for one message with offsets and for an Arrow column at speed.

A token is a run of letters and digits, with apostrophes inside; ``!`` and ``?`` and every emoji are tokens of
their own. Tokens are lower case, without accents, with straight apostrophes, and folded: every number is ``0``,
every name of a person ``somebody``, every name of a place ``somewhere``, several of a kind in a row one token (so a
model cannot learn, and a vocabulary cannot leak, who, where or how many).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.text.fold import PLACEHOLDERS, fold
from opportunity.text.traced import Traced

__all__ = ["Token", "TokenColumn", "fold_text", "tokenize", "tokenize_column"]

_LETTER = r"[^\W_][\u0300-\u036f]*"
_EMOJI = "[\u2600-\u27bf\U0001f000-\U0001faff]"
_TOKEN = re.compile(rf"(?:{_LETTER})+(?:(?:['’ʼ]|(?<=\d)[.,](?=\d))(?:{_LETTER})+)*|[!?]|{_EMOJI}")


@dataclass(frozen=True, slots=True)
class Token:
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
    for found in _TOKEN.finditer(text):
        word, start = _normal(found.group()), found.start()
        if tokens and word in PLACEHOLDERS and word == tokens[-1].word:
            start = tokens.pop().start
        tokens.append(Token(word, start, found.end()))
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
    """The tokens of many messages, dictionary-encoded.

    Attributes
    ----------
    words : pyarrow.StringArray
        The distinct tokens.
    codes : ndarray of int32, shape (n_tokens,)
        For each token, in order, its place in `words`.
    offsets : ndarray of int64, shape (n_messages + 1,)
        Message ``i`` has the tokens ``offsets[i]:offsets[i + 1]``; a message that begins or ends with something
        else has an empty one there.
    """

    words: Any
    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @property
    def n_tokens(self) -> NDArray[np.int64]:
        """How many tokens each message has, empty ones left out."""
        import pyarrow.compute as pc

        filled = pc.not_equal(self.words, "").to_numpy(zero_copy_only=False)[self.codes] if len(self.words) else ()
        out: NDArray[np.int64] = np.diff(np.concatenate(([0], np.cumsum(filled, dtype=np.int64)))[self.offsets])
        return out


def tokenize_column(texts: Any) -> TokenColumn:
    """Split a column of messages; the same tokens as `tokenize` gives for each.

    Parameters
    ----------
    texts : pyarrow.Array of string or large_string, without nulls

    Returns
    -------
    TokenColumn
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    spaced = _spaced(_only_ascii(texts.cast(pa.large_string())))
    split = pc.ascii_split_whitespace(spaced)
    encoded = split.flatten().dictionary_encode()
    offsets = split.offsets.to_numpy().astype(np.int64)
    folded = pa.array(map(fold, encoded.dictionary.to_pylist()), pa.large_string()).dictionary_encode()
    codes = folded.indices.to_numpy()[encoded.indices.to_numpy()]
    return _without_repeats(TokenColumn(folded.dictionary, codes, offsets - offsets[0]))


def _without_repeats(column: TokenColumn) -> TokenColumn:
    """Leave one of several placeholders of a kind in a row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    codes, offsets = column.codes, column.offsets
    placeholder = pc.is_in(column.words, value_set=pa.array(PLACEHOLDERS, pa.large_string()))
    kept = np.ones(len(codes), bool)
    kept[1:] = codes[1:] != codes[:-1]
    kept[~placeholder.to_numpy(zero_copy_only=False)[codes]] = True
    kept[offsets[:-1][offsets[:-1] < len(codes)]] = True
    return TokenColumn(column.words, codes[kept], np.concatenate(([0], np.cumsum(kept)))[offsets])


def _only_ascii(texts: Any) -> Any:
    """Rewrite the rows with other characters as their tokens; emoji stay, as words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    other = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(other).as_py():
        return texts
    normal = _NormalForms()
    rewritten = [" ".join(map(normal.__getitem__, _TOKEN.findall(row))) for row in texts.filter(other).to_pylist()]
    return pc.replace_with_mask(texts, other, pa.array(rewritten, pa.large_string()))


class _NormalForms(dict[str, str]):
    """The normal form of each word, made when it is first met."""

    def __missing__(self, word: str) -> str:
        self[word] = _normal(word)
        return self[word]


def _spaced(texts: Any) -> Any:
    """Lower-case the bytes and leave spaces between tokens, in place of everything that is not a token."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for mark in "!?":
        texts = pc.replace_substring(texts, mark, f" {mark} ")
    _, offset_buffer, data = texts.buffers()
    if data is None:
        return texts
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    low, high = int(offsets[0]), int(offsets[-1])
    given = bytes(memoryview(data)[low:high])
    plain = np.frombuffer(given.translate(_BYTES), np.uint8).copy()
    _drop_loose_apostrophes(plain, offsets - low)
    _join_numbers(np.frombuffer(given, np.uint8), plain, offsets - low)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets - low), pa.py_buffer(plain))


def _drop_loose_apostrophes(plain: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    """Keep an apostrophe only between two characters of the same token."""
    at = np.flatnonzero(plain == _APOSTROPHE)
    if not at.size:
        return
    plain[at[~_stands_inside(at, _WORD[plain], offsets)]] = _SPACE


def _join_numbers(given: NDArray[np.uint8], plain: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    """Make a digit of a point or comma between two digits."""
    at = np.flatnonzero((given == ord(".")) | (given == ord(",")))
    plain[at[_stands_inside(at, plain == _DIGIT, offsets)]] = _DIGIT


def _stands_inside(at: Any, kind: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether bytes stand between two of a kind in the same message."""
    padded = np.concatenate(([False], kind, [False]))
    row = np.searchsorted(offsets, at, side="right") - 1
    inside: NDArray[np.bool_] = padded[at] & padded[at + 2] & (at > offsets[row]) & (at + 1 < offsets[row + 1])
    return inside


def _byte_table() -> bytes:
    kept = {c: c for c in b"abcdefghijklmnopqrstuvwxyz!?'"} | {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
    kept |= dict.fromkeys(b"0123456789", _DIGIT)
    return bytes(c if c > 127 else kept.get(c, _SPACE) for c in range(256))


_SPACE, _APOSTROPHE, _DIGIT = ord(" "), ord("'"), ord("0")
_BYTES = _byte_table()
_WORD = np.array([chr(c).isalnum() or c > 127 for c in range(256)])
