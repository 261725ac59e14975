"""Bytes or text of any size and content to text that everything after can read in linear time."""

import html
import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opportunity.text.traced import Traced

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "COUNTING_TRIGGERS",
    "MAX_CHARACTERS",
    "SIGN",
    "TRIGGER",
    "cap",
    "collapse_runs",
    "decode",
    "drop_unreadable",
    "may_have_runs",
    "repair_encoding",
    "split_tokens",
    "unescape",
]

MAX_BYTES = 1 << 20
MAX_CHARACTERS = 20_000
MAX_NEWLINES = 3
MAX_RUN = 10
MAX_TOKEN = 100

_ENTITY = "&(?:amp;)*(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
# a lead byte of UTF-8, then a continuation byte, both read as cp1252 or Latin-1
_MOJIBAKE = "[ÂÃÄÅÆÈÎÏÐÑâãïð][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"

_UNREADABLE_RE = re.compile("[\x00\u00ad\u200b\u2060\ufeff\ud800-\udfff]+|\r\n?")
_RUN_RE = re.compile(rf"\n{{{MAX_NEWLINES + 1},}}|(.)\1{{{MAX_RUN},}}")
_LONG_TOKEN_RE = re.compile(rf"[^\s<>]{{{MAX_TOKEN + 1},}}")
_LINK_RE = re.compile(r"\W?(?:https?://|www\.)\w", re.IGNORECASE)
_ENTITY_RE = re.compile(_ENTITY)
_MOJIBAKE_RE = re.compile(_MOJIBAKE)
_TOKEN_RE = re.compile(r"[^ \t\n]+")

# A run lies within one of these classes and words hardly ever do; a counter for each of five is cheap.
_RUN_CLASSES = (
    "[AEIOUYaeiouy]",
    "[B-DF-HJ-NP-TV-XZb-df-hj-np-tv-xz]",
    "[0-9]",
    r"[\t\f\r ]",
    r"[^A-Za-z0-9\s]",
)
TRIGGER = "[\x00\u00ad\u200b\u2060\ufeff\r]" + rf"|{_ENTITY}|{_MOJIBAKE}"
COUNTING_TRIGGERS = (
    "|".join(f"{run}{{{MAX_RUN + 1}}}" for run in _RUN_CLASSES) + rf"|\n{{{MAX_NEWLINES + 1}}}",
    rf"[^\t\n\f\r <>]{{{MAX_TOKEN + 1}}}",
)
"""RE2 patterns; a text within the cap that none of the three finds passes every step here unchanged.

Those that count stand alone: joined to others they make a far larger automaton.
"""


SIGN = "[\x00\r&]|[^\x00-\x7f]"
"""RE2 pattern; a text without runs in which it finds nothing passes every step here unchanged."""


def may_have_runs(texts: "pa.Array") -> "pa.Array":
    """Tell in which texts a step here could find a run of one character or a long token.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings without nulls.

    Returns
    -------
    pyarrow.Array
        Of booleans; true for the ones beyond the cap as well. Runs of characters beyond ASCII are not looked for.
    """
    import pyarrow as pa

    texts = texts.cast(pa.large_string())
    _, places, data = texts.buffers()
    out = np.zeros(len(texts), bool)
    if data is not None:
        offsets = np.frombuffer(places, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        given = np.frombuffer(data, np.uint8)[: offsets[-1]][offsets[0] :]
        found = (
            _runs(given[1:] == given[:-1], MAX_RUN),
            _runs(given == ord("\n"), MAX_NEWLINES + 1),
            _runs(given != ord(" "), MAX_TOKEN + 1),
        )
        out[np.searchsorted(offsets - offsets[0], np.concatenate(found), side="right") - 1] = True
        out |= np.diff(offsets) > MAX_CHARACTERS
    return pa.array(out)


def _runs(same: NDArray[np.bool_], length: int) -> NDArray[np.intp]:
    """Where so many in a row are true."""
    width = 1
    while width < length and len(same):
        step = min(width, length - width)
        same = same[:-step] & same[step:]
        width += step
    return np.flatnonzero(same)


def decode(given: str | bytes) -> tuple[str, bool, bool]:
    """Read bytes as UTF-8, else as cp1252; text stays as it is.

    Parameters
    ----------
    given : str or bytes
        Of bytes, the first 1 MiB is read.

    Returns
    -------
    text : str
    cut : bool
        Whether bytes were left out.
    guessed : bool
        Whether they were no UTF-8.
    """
    if isinstance(given, str):
        return given, False, False
    cut = len(given) > MAX_BYTES
    data = given[:MAX_BYTES]
    try:
        return data.decode("utf-8-sig"), cut, False
    except UnicodeDecodeError as error:
        if cut and error.start > MAX_BYTES - 4:  # the cut went through a character
            return data[: error.start].decode("utf-8-sig"), cut, False
        return data.decode("cp1252", errors="replace"), cut, True


def cap(text: Traced) -> Traced:
    """Leave out what comes after 20,000 characters."""
    return text.edit([(MAX_CHARACTERS, len(text.text), "")] if len(text.text) > MAX_CHARACTERS else [])


def drop_unreadable(text: Traced) -> Traced:
    """Leave out NUL, lone surrogates and invisible characters; every line end becomes a newline."""
    return text.replace(_UNREADABLE_RE, lambda m: "\n" if m[0][0] == "\r" else "")


def collapse_runs(text: Traced) -> Traced:
    """Shorten runs of one character: newlines to 3, others to 10."""
    return text.replace(_RUN_RE, lambda m: m[0][: MAX_NEWLINES if m[0][0] == "\n" else MAX_RUN])


def split_tokens(text: Traced) -> Traced:
    """Put a space after every 100 characters that stand without a space or tag between them, links apart."""
    return text.edit(
        (at, at, " ")
        for m in _LONG_TOKEN_RE.finditer(text.text)
        if not _LINK_RE.match(m[0])
        for at in range(m.start() + MAX_TOKEN, m.end(), MAX_TOKEN)
    )


def unescape(text: Traced) -> Traced:
    """Read entities such as ``&amp;`` and ``&#8217;``, also those that were escaped twice."""
    return text.replace(_ENTITY_RE, lambda m: html.unescape(f"&{m[1]};"))


def repair_encoding(text: Traced) -> Traced:
    """Repair tokens whose UTF-8 was read as another encoding: ``donâ€™t`` is ``don’t``."""
    if not _MOJIBAKE_RE.search(text.text):
        return text
    from ftfy import fix_encoding  # 0.06 s to import

    return text.replace(_TOKEN_RE, lambda m: fix_encoding(m[0]) if _MOJIBAKE_RE.search(m[0]) else None)
