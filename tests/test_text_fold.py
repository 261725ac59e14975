import re
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opportunity.text.fold import fold
from opportunity.text.known import KnownWords
from opportunity.text.prepare import prepare, prepare_batch
from opportunity.text.tokens import fold_text, tokenize, tokenize_column

WORDS = "Sarah SARAH'S O’Brien Leeds New York 12 1,250.50 £45.50 22nd 10:30 3 recieve form don't é ½ ß 😂 ! . , ' ٣"
PIECES = st.lists(st.sampled_from([*WORDS.split(" "), " "]), max_size=12)
MESSAGES = st.one_of(st.text(), st.tuples(st.sampled_from(" \t\n"), PIECES).map(lambda given: given[0].join(given[1])))
KNOWN = st.sampled_from([*WORDS.lower().split(" "), "somebody", "0", "whatsoever"])
PRINTED = MESSAGES.filter(lambda text: re.sub("[\t\n]", " ", text).isprintable())
COMPLAINT = "The lamp is broken."


def prepared(text: str) -> str:
    """The text as a model sees it, whether it comes alone or in a batch."""
    alone = prepare(text).text
    assert prepare_batch(pa.array([text])).to_pylist() == [alone]
    return alone


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("sarah", "somebody"),
        ("miguel's", "somebody's"),
        ("nairobi", "somewhere"),
        ("110", "0"),
        ("1,250.50", "0"),
        ("22nd", "0nd"),
        ("recieve", "receive"),
    ],
)
def test_what_must_not_matter_becomes_one_word(word, folded):
    assert fold(word) == folded


@pytest.mark.parametrize(
    "word",
    ["will", "mark", "may", "hope", "rose", "bill", "reading", "bath", "mobile", "form", "from", "apologise", "eve"],
)
def test_ordinary_words_stay(word):
    assert fold(word) == word


@given(MESSAGES)
def test_folding_twice_is_folding_once(text):
    once = fold_text(text).text
    assert fold_text(once).text == once


@given(MESSAGES)
def test_every_token_of_the_folded_text_has_its_place_in_the_text_as_given(text):
    folded, last = fold_text(text), 0
    for token in tokenize(folded.text):
        start, end = folded.span(token.start, token.end)
        assert last <= start < end <= len(text)
        assert [t.word for t in tokenize(text[start:end])] == [token.word]
        last = start


@settings(deadline=None)
@given(
    st.lists(MESSAGES.filter(lambda text: re.sub("[\t\n]", " ", text).isprintable()), max_size=6),
    st.sets(MESSAGES | KNOWN),
)
def test_a_column_gives_the_tokens_that_each_message_gives(texts, words):
    known = KnownWords(words)
    column = tokenize_column(pa.array(texts, pa.large_string()), known)
    rows = [column.numbers[a:b].tolist() for a, b in pairwise(column.offsets)]
    place = {word: i for i, word in enumerate(known.words)}
    assert rows == [[place.get(token.word, -1) for token in tokenize(text)] for text in texts]


@pytest.mark.parametrize(
    "opening",
    ["Hi, ", "hi ", "Hello all,\n", "Dear Acme Customer Care,\n\n", "Hey guys - ", "Dear Mr Pellingham, ", "DEAR SIR, ",
     "Good afternoon team\n", "To Whom It May Concern:\n", "Hello, Good morning. ", "Dear Zoë, ", "dear sir/madam,\n"],
)  # fmt: skip
def test_a_salutation_goes(opening):
    assert prepared(opening + COMPLAINT) == COMPLAINT


@pytest.mark.parametrize(
    "closing",
    ["\n\nRegards,\nJ. Walker", "\n\nYours faithfully,\nMrs E. Brandt\n", "\n\nBest,\nPeter", "\n\nMany thanks,\nAnn",
     "\n\nBest regards,\nTom Smith\nLondon\n0123 456 789", " Kind regards, Maria", "\n\nRegards", " Thanks, Bob",
     "\nThank you,\nAnna\n\nRegards"],
)  # fmt: skip
def test_a_farewell_goes(closing):
    assert prepared(COMPLAINT + closing) == COMPLAINT


@pytest.mark.parametrize(
    "text",
    ["Thank you for the quick repair.", "It is late.\nThank you", "Hi,", "Regards,\nAnn", "Dear prices, poor food",
     "Good day out spoilt by rain.", "The lamp broke.\nThanks,\nstill waiting for an answer",
     "The lamp broke.\nThanks, they never came", "THE LAMP BROKE.\nTHANKS, REFUND ME NOW",
     "The lamp broke.\nRegards,\nAnn\nPS still no refund", "The lamp broke.\nThanks,\nAnn\nP.S. it was new"],
)  # fmt: skip
def test_what_is_no_salutation_or_farewell_stays(text):
    assert prepared(text) == text
