"""Bytes or text of any size and content to text that everything after can read in linear time."""

import html
import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opportunity.text.column import HeldBytes, find
from opportunity.text.traced import Traced

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "MAX_CHARACTERS",
    "cap",
    "collapse_runs",
    "could_change",
    "decode",
    "drop_unreadable",
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
_UNREADABLE_SIGN_RE = re.compile("[\x00\r\u00ad\u200b\u2060\ufeff\ud800-\udfff]")
_RUN_RE = re.compile(rf"\n{{{MAX_NEWLINES + 1},}}|(.)\1{{{MAX_RUN},}}")
_LONG_TOKEN_RE = re.compile(rf"[^\s<>]{{{MAX_TOKEN + 1},}}")
_LINK_RE = re.compile(r"\W?(?:https?://|www\.)\w", re.IGNORECASE)
_ENTITY_RE = re.compile(_ENTITY)
_MOJIBAKE_RE = re.compile(_MOJIBAKE)
_TOKEN_RE = re.compile(r"[^ \t\n]+")

_TRIGGERS = (
    "[\x00\u00ad\u200b\u2060\ufeff\r\u0130\u0131]" + rf"|{_ENTITY}|{_MOJIBAKE}",
    rf"[^\x00-\x7f]{{{MAX_RUN + 1}}}",
)
"""RE2 patterns; a text without runs of ASCII that neither finds passes every step of the room unchanged.

``İ`` and ``ı`` are among them because to `re` they are an ``i``, and to RE2 they are not. The one that counts stands
alone: joined to the other it makes a far larger automaton.
"""


def could_change(texts: "pa.Array") -> NDArray[np.bool_]:
    """Tell which texts a step here could change.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings without nulls.

    Returns
    -------
    ndarray of bool
    """
    held = HeldBytes.of(texts)
    given = held.given
    out = held.lengths > MAX_CHARACTERS
    runs = (
        _runs(given[1:] == given[:-1], MAX_RUN),
        _runs(given == ord("\n"), MAX_NEWLINES + 1),
        _runs(given != ord(" "), MAX_TOKEN + 1),
    )
    out[held.rows_of(np.concatenate(runs))] = True
    signs = (given > 127) | (given == 0) | (given == ord("\r")) | (given == ord("&"))
    odd = held.rows_with(np.flatnonzero(signs))
    for trigger in _TRIGGERS:
        out |= find(texts, trigger, odd)
    return out


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
    if not _UNREADABLE_SIGN_RE.search(text.text):  # one class of characters is found in half the time of two patterns
        return text
    return text.replace(_UNREADABLE_RE, lambda m: "\n" if m[0][0] == "\r" else "")


def collapse_runs(text: Traced) -> Traced:
    """Shorten runs of one character: newlines to 3, others to 10."""
    return text.replace(_RUN_RE, lambda m: m[0][: MAX_NEWLINES if m[0][0] == "\n" else MAX_RUN])


def split_tokens(text: Traced) -> Traced:
    """Put a space after every 100 characters that stand without a space or tag between them, links apart."""
    if max(map(len, text.text.split()), default=0) <= MAX_TOKEN:
        return text
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
