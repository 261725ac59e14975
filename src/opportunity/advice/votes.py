"""How the words in and around a candidate vote on whether it is the fact.

A candidate's log-odds is a sum of weights, one per feature, as the models' is. The weights are data
(``lexicons/facts.json``), fitted by ``scripts/fit_facts.py``.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from opportunity.advice.candidates import Candidate

__all__ = ["Ballot", "ballots", "item_features", "norms", "span_features"]

_DIGITS = re.compile(r"\d+")
_PLACES = (6, 15, 40, 80, 160)
_WINDOW = 4


@dataclass(frozen=True, slots=True)
class Ballot:
    """The weights of one fact.

    Attributes
    ----------
    bias, threshold : float
        What is added to the votes, and what their sum must reach.
    votes : mapping of str to float
        Weight per feature.
    """

    bias: float
    threshold: float
    votes: Mapping[str, float]

    def count(self, features: Iterable[str]) -> float:
        """Return the log-odds that the features add up to."""
        votes = self.votes
        return self.bias + sum(votes[name] for name in features if name in votes)


@cache
def ballots() -> dict[str, Ballot]:
    """Read the weights, per fact."""
    text = resources.files("opportunity.advice").joinpath("lexicons/facts.json").read_text("utf-8")
    return {fact: Ballot(**values) for fact, values in json.loads(text).items()}


def norms(words: Iterable[str]) -> list[str]:
    """Write words as the features know them: lower case, digits as one 0."""
    return [_DIGITS.sub("0", word.lower()).replace("’", "'") for word in words]


def span_features(words: Sequence[str], forms: Sequence[str], candidate: Candidate, rank: int, count: int) -> list[str]:
    """Name what may vote on a candidate.

    Parameters
    ----------
    words : sequence of str
        The text's words, as `norms` gives them.
    forms : sequence of str
        The same words as they are written.
    candidate : Candidate
    rank, count : int
        The how-manieth of how many candidates for the same fact it is.

    Returns
    -------
    list of str
    """
    start, end = candidate.start, candidate.end
    before = words[max(0, start - _WINDOW) : start]
    after = words[end : end + _WINDOW]
    inside = words[start:end]
    return [
        f"pattern={candidate.pattern}",
        f"inside={' '.join(inside)}",
        f"length={min(len(inside), 5)}",
        f"digits={sum(map(str.isdigit, ''.join(forms[start:end])))}",
        f"first={inside[0]}",
        f"last={inside[-1]}",
        f"place={_place(start)}",
        f"rank={min(rank, 4)}",
        f"count={min(count, 5)}",
        f"-1={before[-1] if before else '^'}",
        f"-2={' '.join(before[-2:])}",
        f"+1={after[0] if after else '$'}",
        f"+2={' '.join(after[:2])}",
        *(f"in={word}" for word in inside),
        *(f"before={word}" for word in before),
        *(f"after={word}" for word in after),
    ]


def item_features(words: Sequence[str], forms: Sequence[str], i: int, counts: Mapping[str, int]) -> list[str]:
    """Name what may vote on a word being what the complaint is about.

    Parameters
    ----------
    words : sequence of str
        The text's words, as `norms` gives them.
    forms : sequence of str
        The same words as they are written.
    i : int
        Which word.
    counts : mapping of str to int
        How often each word comes in the text.

    Returns
    -------
    list of str
    """
    word = words[i]
    before = words[i - 1] if i else "^"
    after = words[i + 1] if i + 1 < len(words) else "$"
    return [
        f"word={word}",
        f"stem={word.rstrip('s')}",
        f"end={word[-3:]}",
        f"-1={before}",
        f"-2={words[i - 2] if i > 1 else '^'}",
        f"-3={words[i - 3] if i > 2 else '^'}",
        f"+1={after}",
        f"+2={words[i + 2] if i + 2 < len(words) else '$'}",
        f"{before}_{word}",
        f"{word}_{after}",
        f"place={_place(i)}",
        f"of={_place(len(words))}",
        f"often={min(counts[word], 4)}",
        f"shape={forms[i][0].isupper()}{forms[i].isupper()}{i == 0}",
    ]


def _place(i: int) -> int:
    return bisect_right(_PLACES, i)
