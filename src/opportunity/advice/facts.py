"""What the text says of the matter, each in the customer's own words.

Patterns of words say where a fact may stand (`candidates`); whether it is one, the model's marks say where it marks
words, else the words in and around the place vote on it (`votes`). The best candidate that passes the fact's threshold
is quoted. A name and a promise are told by their wording alone. What is not found is None, and is then not spoken of.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from opportunity.advice.candidates import MOST_CHARACTERS, Candidate, candidates, content_words, reading
from opportunity.advice.votes import ballots, item_features, norms, span_features
from opportunity.model.columns import FACTS
from opportunity.model.votes import Marks
from opportunity.records import Facts, Quote

__all__ = ["find_facts"]

_LONGEST_ITEM = 4
_ITEM_NEIGHBOUR = 1.5
"""How much lower than the item's own word a neighbour may stand to be quoted with it."""

_LED_IN = {
    "elapsed": re.compile(r"(?:for|in|over|took|after|about|on)\s+(?=[\w])", re.IGNORECASE),
    "deadline": re.compile(r"(?:by|at|on|before|until|till|from)\s+", re.IGNORECASE),
}
"""Small words in front that a quote does not need."""

_LOOSE_END = re.compile(
    r"(?:\s+(?:the|an?|your|their|my|our|to|with|for|at|and|on|in|of|this|it|about|via|by|or|is|company|credit))+$",
    re.IGNORECASE,
)
"""Small words at the end of a quote that lead on to what is not quoted."""

_LOOSE_PROMISE = re.compile(
    r"(?:\s+(?:the|an?|my|our|their|your|to|for|with|of|in|if|as|until|at|and|that|is|me|I|now|then|when|what))*\s*$"
)
"""Small words at the end of a promise that lead on to what is not quoted."""

_NAME = r"[A-Z][a-zà-ÿ]+(?:[-'][A-Z][a-zà-ÿ]+)?"
_INTRODUCED = re.compile(
    rf"\b(?:[Mm]y name is|[Nn]ame's)\s+({_NAME}(?:[ ]{_NAME}){{0,2}})(?=[,.;!\n]| here\b| from\b|$)"
    rf"|\b[Tt]his is\s+({_NAME}(?:(?:[ ]{_NAME}){{1,2}}(?=[,.;!\n]| here\b| from\b|$)|(?= here\b| from\b)))"
)
_FAREWELL = r"(?:[Yy]ours|[Kk]ind|[Bb]est|[Ww]arm|[Mm]any|[Ww]ith|[Rr]egards|[Ss]incerely|[Cc]heers|[Tt]hank)"
_SIGNED = re.compile(
    rf"(?:^|\n)[ \t]*{_FAREWELL}[^\n]{{0,40}}\n+[ \t]*(?:[-–—]+ ?)?"
    rf"((?:(?:Mrs?|Ms|Miss|Dr)\.? )?(?:[A-Z]\.? )?{_NAME}(?: (?:[A-Z]\.? )?{_NAME}){{0,2}})"
    r"[ \t]*(?:\([^)\n]{0,40}\))?[.,]?[ \t]*(?=\n|$)"
)
_AT_THE_END = re.compile(
    r"[.!?…)][ \t]*\n\s*(?:[-–—]+ ?)?"
    r"(?!(?:Thanks?|Many|Best|Kind|Warm|With|Yours|Regards|Sincerely|Cheers|The)\b|\S+ (?:Unit|Team|Ward|Department)\b)"
    rf"((?:(?:Mrs?|Ms|Miss|Dr)\.? (?:[A-Z]\.? )?|[A-Z]\.? |{_NAME} (?:[A-Z]\.? )?){_NAME}(?: {_NAME})?)\.?\s*\Z"
)
"""A name of two words that stands alone in the last line."""

_WHEN = (
    r"(?:\d|a\b|an\b|the\s+(?:end|next|\d)|one|two|three|four|five|six|seven|ten|noon|midnight|today|tonight|tomorrow"
    r"|next|this|christmas|easter|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july"
    r"|august|september|october|november|december)"
)
_PROMISED_WORD = r"(?!but\b|and\s+(?:then|now|up|that|it)\b)[\w'’/-]{1,30}+"
_PROMISE = re.compile(
    r"\b(?:(?:was|were|been|being|am|got)\s+(?:promised|assured|guaranteed|told)|promised(?:\s+(?:me|us))?"
    r"|(?:assured|told)\s+(?:me|us)"
    r"|(?:they|she|he|you|agent|rep|manager|lady|man|site|website|store)\s+(?:said|swore|guaranteed))\s+(?:that\s+)?"
    r"(?!by\s+(?:the|my|your|a|an)\b|I\s+(?:would|will|'d)\s+(?:be\s+charged|have|need)\b)"
    r"((?:(?:I|i|it|we|he|she|they|you|somebody|someone|the|my|our|a|an|this|that)\s+)?(?:[\w'’-]{1,30}\s+){0,4}?"
    rf"(?:(?:would|will|'ll|’ll|'d be|’d be)\s+|(?:within|by)\s+(?=(?i:{_WHEN})))"
    rf"{_PROMISED_WORD}(?:[ ]{_PROMISED_WORD}){{0,8}})(?!\w|[.:]\d)"
)


def find_facts(text: str, marks: Marks | None = None) -> Facts:
    """Find what the text says of the matter.

    Parameters
    ----------
    text : str
        The complaint as the customer gave it.
    marks : Marks or None
        The words of the text that a model takes for facts, if it marks any.

    Returns
    -------
    Facts
        Quotes with offsets into the text; None for what was not found.

    Examples
    --------
    >>> facts = find_facts("I ordered a dress and have been waiting for three weeks. It cost me £120.")
    >>> facts.amount.quote, facts.reference
    ('£120', None)
    """
    with reading(text) as doc:
        chosen = _voted(doc) if marks is None else _marked(doc, marks)
        spans = {fact: doc[start:end] for fact, (start, end) in chosen.items()}
        quotes = {fact: _quote(text, span.start_char, span.end_char, fact) for fact, span in spans.items()}
    return Facts(**quotes, name=_name(text), promise=_promise(text))


def _marked(doc: Doc, marks: Marks) -> dict[str, tuple[int, int]]:
    """The tokens of each fact by the model's marks."""
    strength = dict(zip(FACTS, _by_token(doc, marks).T, strict=True))

    def votes(fact: str, found: list[Candidate]) -> list[float]:
        return [float(strength[fact][c.start : c.end].max()) for c in found]

    item = {i: float(strength["item"][i]) for i in content_words(doc)}
    return _chosen(doc, votes, item, dict.fromkeys(FACTS, 0.0))


def _voted(doc: Doc) -> dict[str, tuple[int, int]]:
    """The tokens of each fact by the words' votes."""
    forms = [token.text for token in doc]
    words, ballot = norms(forms), ballots()

    def votes(fact: str, found: list[Candidate]) -> list[float]:
        features = (span_features(words, forms, c, rank, len(found)) for rank, c in enumerate(found))
        return [ballot[fact].count(named) for named in features]

    counts = Counter(words)
    item = {i: ballot["item"].count(item_features(words, forms, i, counts)) for i in content_words(doc)}
    return _chosen(doc, votes, item, {fact: ballot[fact].threshold for fact in ballot})


def _chosen(
    doc: Doc,
    votes_of: Callable[[str, list[Candidate]], list[float]],
    item: Mapping[int, float],
    least: Mapping[str, float],
) -> dict[str, tuple[int, int]]:
    """The candidate of each fact with the most votes, and the item's words, where the votes are enough."""
    by_fact: dict[str, list[Candidate]] = {}
    for candidate in candidates(doc):
        by_fact.setdefault(candidate.fact, []).append(candidate)
    chosen = {}
    for fact, found in by_fact.items():
        votes = votes_of(fact, found)
        best = max(range(len(found)), key=votes.__getitem__)
        if votes[best] >= least[fact]:
            chosen[fact] = (found[best].start, found[best].end)
    if run := _run(item, least["item"]):
        chosen["item"] = run
    return chosen


def _by_token(doc: Doc, marks: Marks) -> NDArray[np.float32]:
    """How strongly each token is marked: as its strongest part is."""
    out = np.full((len(doc), len(FACTS)), -np.inf, np.float32)
    starts = np.array([token.idx for token in doc], np.int64)
    ends = starts + np.array([len(token) for token in doc], np.int64)
    firsts = np.searchsorted(ends, marks.spans[:, 0], side="right")
    stops = np.searchsorted(starts, marks.spans[:, 1], side="left")
    for first, stop, strength in zip(firsts.tolist(), stops.tolist(), marks.strength, strict=True):
        out[first:stop] = np.maximum(out[first:stop], strength)
    return out


def _run(votes: Mapping[int, float], threshold: float) -> tuple[int, int] | None:
    """The word with the most votes, if they are enough, with its neighbours that have nearly as many."""
    best = max(votes, key=lambda i: (votes[i], -i), default=None)
    if best is None or votes[best] < threshold:
        return None
    start, end = best, best + 1
    while end - start < _LONGEST_ITEM and votes.get(start - 1, -99.0) > votes[best] - _ITEM_NEIGHBOUR:
        start -= 1
    while end - start < _LONGEST_ITEM and votes.get(end, -99.0) > votes[best] - _ITEM_NEIGHBOUR:
        end += 1
    return start, end


def _quote(text: str, start: int, end: int, fact: str) -> Quote:
    if fact in _LED_IN and (match := _LED_IN[fact].match(text, start, end)):
        start = match.end()
    if fact == "contacts" and (match := _LOOSE_END.search(text, start, end)):
        end = match.start()
    while end < len(text) and text[end - 1 : end + 1].isalnum():  # tokens may part a word, as 6 from am
        end += 1
    return Quote(text[start:end], start, end)


def _name(text: str) -> Quote | None:
    """The writer's own name, from how they introduce themselves or sign."""
    tail = max(0, len(text) - MOST_CHARACTERS)
    match = _INTRODUCED.search(text, 0, MOST_CHARACTERS) or _SIGNED.search(text, tail) or _AT_THE_END.search(text, tail)
    if match is None:
        return None
    group = match.lastindex or 0
    return Quote(match[group], match.start(group), match.end(group))


def _promise(text: str) -> Quote | None:
    """What they say was promised to them."""
    match = _PROMISE.search(text, 0, MOST_CHARACTERS)
    if match is None:
        return None
    start, end = match.span(1)
    if loose := _LOOSE_PROMISE.search(text, start, end):
        end = loose.start()
    return Quote(text[start:end], start, end)
