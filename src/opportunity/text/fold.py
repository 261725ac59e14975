"""One word for all that must not matter: names of people and places, numbers, and swapped letters put right.

The lexicons are made by ``scripts/make_lexicons.py``. A name that is also an ordinary word is in none of them, because
folding does not look at letter case.
"""

import re
from functools import cache, lru_cache
from importlib import resources

__all__ = ["PLACEHOLDERS", "fold", "is_plain"]

SOMEBODY, SOMEWHERE, NUMBER = PLACEHOLDERS = ("somebody", "somewhere", "0")
"""What stands for every person, every place and every number; several in a row count as one."""

FEWEST_LETTERS = 5
"""Of a word whose letters may have been swapped."""

_NUMBER_RE = re.compile(r"\d+(?:[.,]\d+)*")


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """Give the word that stands for this one.

    Parameters
    ----------
    word : str
        In lower case, without accents.

    Returns
    -------
    str
        ``somebody``, ``somewhere``, a word with ``0`` for each number in it, a word with two letters swapped back, or
        the word as it is.

    Examples
    --------
    >>> [fold(word) for word in ("miguel's", "leeds", "1,250", "22nd", "recieve", "the")]
    ["somebody's", 'somewhere', '0', '0nd', 'receive', 'the']
    """
    name, ending = (word[:-2], "'s") if word.endswith("'s") else (word, "")
    if name in _lexicon("people"):
        return SOMEBODY + ending
    if name in _lexicon("places"):
        return SOMEWHERE + ending
    if len(word) >= FEWEST_LETTERS and word not in _lexicon("words") and word.isascii() and word.isalpha():
        return min(_swapped_back(word), default=word)
    return _NUMBER_RE.sub(NUMBER, word)


def is_plain(word: str) -> bool:
    """Whether it is an ordinary word, and neither a name nor unknown.

    Parameters
    ----------
    word : str
        In lower case, without accents.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_plain("boiler"), is_plain("miguel"), is_plain("xqzt")
    (True, False, False)
    """
    return word in _lexicon("words")


def _swapped_back(word: str) -> list[str]:
    """The known words that differ from this one by two neighbouring letters."""
    swaps = (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1))
    return [swap for swap in swaps if swap in _lexicon("words")]


@cache
def _lexicon(name: str) -> frozenset[str]:
    return frozenset((resources.files(__package__) / "lexicons" / f"{name}.txt").read_text(encoding="ascii").split())
