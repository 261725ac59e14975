"""Whether a text is in the language that the models read."""

import re

__all__ = ["supported"]

CLEARLY_ENGLISH = 0.6
CLEARLY_FOREIGN = 0.05
FEWEST_LETTERS = 20
READ = 2_000

_LETTERS_RE = re.compile(r"[^\W\d_]+")
_LATIN_RE = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")


def supported(text: str, known_share: float | None) -> bool:
    """Tell English from what the models cannot read.

    A text too short to tell, and one without letters, counts as supported.

    Parameters
    ----------
    text : str
        The prepared text.
    known_share : float or None
        The share of its tokens that the English vocabulary knows; None where it has no tokens.

    Returns
    -------
    bool

    Examples
    --------
    >>> from opportunity.text.language import supported
    >>> supported("The parcel never came.", 1.0)
    True
    >>> supported("Посылка так и не пришла.", 0.0)
    False
    """
    letters = "".join(_LETTERS_RE.findall(text[:READ]))
    if not letters:
        return True
    if 2 * len(_LATIN_RE.findall(letters)) < len(letters):
        return False
    if known_share is None or known_share >= CLEARLY_ENGLISH or len(letters) < FEWEST_LETTERS:
        return True
    return known_share > CLEARLY_FOREIGN and _reads_as_english(text[:READ])


def _reads_as_english(text: str) -> bool:
    from py3langid import classify  # 0.7 s to import and load

    return bool(classify(text)[0] == "en")
