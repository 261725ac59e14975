"""A message as it came to the text that the model reads, with the way back to every character."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opportunity.text import clean, guard, privacy
from opportunity.text.column import HeldBytes, find, replace
from opportunity.text.traced import Edits, Traced

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Prepared", "prepare", "prepare_batch"]

_STEPS = (
    ("truncated", guard.cap),
    ("unreadable_characters_removed", guard.drop_unreadable),
    ("runs_collapsed", guard.collapse_runs),
    ("long_tokens_split", guard.split_tokens),
    ("entities", guard.unescape),
    ("encoding_repaired", guard.repair_encoding),
    ("html", clean.strip_html),
    ("quoted_reply_removed", clean.drop_quoted_reply),
    ("signature_removed", clean.drop_signature),
    ("masked", privacy.mask_private),
    ("salutation_removed", clean.drop_salutation),
    ("truncated", guard.cap),  # placeholders and spaces may have made it longer
)
_SIGN = f"{clean.SIGN}|{privacy.GREETING_SIGN}"
_TRIGGER = f"{clean.TRIGGER}|{privacy.GREETING}"
_MAX_ROUNDS = 4  # what one round uncovers, such as an escaped tag, the next one sees


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text that is ready to be read.

    Attributes
    ----------
    text : str
        What the model reads.
    source : str
        The text as it was given, decoded where bytes were given.
    notes : tuple of str
        What was done, such as ``"truncated"``, ``"html"`` or ``"masked"``.
    """

    text: str
    source: str
    notes: tuple[str, ...]
    _rounds: tuple[Edits, ...] = field(default=(), repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of ``text`` stands in ``source``; a piece that was replaced counts as a whole.

        Parameters
        ----------
        start, end : int
            Offsets into ``text``.

        Returns
        -------
        tuple of int
            Offsets into ``source``.
        """
        return Traced(self.text, self._rounds).span(start, end)


def prepare(given: str | bytes) -> Prepared:
    r"""Guard, clean and mask one message.

    Parameters
    ----------
    given : str or bytes
        Of any size and content.

    Returns
    -------
    Prepared

    Examples
    --------
    >>> from opportunity.text.prepare import prepare
    >>> prepared = prepare("<p>Where is order AB-48213?</p>")
    >>> prepared.text
    '\nWhere is order referencenumber?\n'
    >>> prepared.source[slice(*prepared.span(16, 31))]
    'AB-48213'
    """
    source, cut, guessed = guard.decode(given)
    notes = ["truncated"] * cut + ["decoded_cp1252"] * guessed
    text = Traced(source)
    for _ in range(_MAX_ROUNDS):
        before = text
        for note, step in _STEPS:
            after = step(text)
            if after is not text:
                notes.append(note)
                text = after
        if text is before:
            break
    return Prepared(text.text, source, tuple(dict.fromkeys(notes)), text.rounds)


def prepare_batch(texts: "pa.Array") -> "pa.Array":
    """Guard, clean and mask many messages.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings or large strings.

    Returns
    -------
    pyarrow.Array
        Row by row what `prepare` makes of it; a null is an empty text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.fill_null(texts, "")
    masked, due = privacy.mask_common(texts)
    due |= _could_change(texts) | (HeldBytes.of(masked).lengths > guard.MAX_CHARACTERS)
    greeted = find(masked, clean.SALUTATION_SIGN) & ~due
    begun = pa.array(map(clean.begin_common, masked.filter(pa.array(greeted)).to_pylist()), texts.type)
    due[greeted] |= begun.is_null().to_numpy(zero_copy_only=False)
    prepared = pa.array([prepare(text).text for text in texts.filter(pa.array(due)).to_pylist()], texts.type)
    return replace(replace(masked, greeted, begun), due, prepared)


def _could_change(texts: "pa.Array") -> NDArray[np.bool_]:
    """Tell which texts a step could change, other than masking them and leaving out a salutation."""
    return guard.could_change(texts) | find(texts, _TRIGGER, find(texts, _SIGN))
