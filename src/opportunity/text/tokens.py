"""Words of a message: one rule, for one message with offsets and for an Arrow column at speed.

A token is a run of letters and digits, with apostrophes inside; ``!`` and ``?`` and every emoji are tokens of
their own. Tokens are lower case, without accents, with straight apostrophes, and every digit is written ``0``
(so a model cannot learn, and a vocabulary cannot leak, a number).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Token", "TokenColumn", "tokenize", "tokenize_column"]

_LETTER = r"[^\W_][\u0300-\u036f]*"
_EMOJI = "[\u2600-\u27bf\U0001f000-\U0001faff]"
_TOKEN = re.compile(rf"(?:{_LETTER})+(?:['’ʼ](?:{_LETTER})+)*|[!?]|{_EMOJI}")
_DIGIT = re.compile(r"\d")


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
    return [Token(_normal(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def _normal(word: str) -> str:
    if word.isascii():
        return _DIGIT.sub("0", word.lower())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold()).translate(_APOSTROPHES)
    kept = "".join(c for c in folded if c.isalnum() or c == "'").strip("'")
    return _DIGIT.sub("0", kept) or word


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
    return TokenColumn(encoded.dictionary, encoded.indices.to_numpy(), offsets - offsets[0])


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
    plain = np.frombuffer(bytes(memoryview(data)[low:high]).translate(_BYTES), np.uint8).copy()
    _drop_loose_apostrophes(plain, offsets - low)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets - low), pa.py_buffer(plain))


def _drop_loose_apostrophes(plain: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    """Keep an apostrophe only between two characters of the same token."""
    at = np.flatnonzero(plain == _APOSTROPHE)
    if not at.size:
        return
    padded = np.concatenate(([_SPACE], plain, [_SPACE]))
    inside = _WORD[padded[at]] & _WORD[padded[at + 2]]
    row = np.searchsorted(offsets, at, side="right") - 1
    inside &= (at > offsets[row]) & (at + 1 < offsets[row + 1])
    plain[at[~inside]] = _SPACE


def _byte_table() -> bytes:
    kept = {c: c for c in b"abcdefghijklmnopqrstuvwxyz!?'"} | {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
    kept |= dict.fromkeys(b"0123456789", ord("0"))
    return bytes(c if c > 127 else kept.get(c, _SPACE) for c in range(256))


_SPACE, _APOSTROPHE = ord(" "), ord("'")
_BYTES = _byte_table()
_WORD = np.array([chr(c).isalnum() or c > 127 for c in range(256)])
