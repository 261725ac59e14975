"""Cues: found alike in one message and in many, where they stand, fast, and part of the table."""

import time
import tomllib
from dataclasses import replace
from importlib import resources

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from opportunity.errors import ModelFormatError
from opportunity.model.calibration import Calibration
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import COLUMNS
from opportunity.model.cues import Cues, shipped_cues
from opportunity.model.features import Vocabulary
from opportunity.model.table import Table
from opportunity.records import ModelInfo
from opportunity.text.known import KnownWords
from opportunity.text.tokens import tokenize, tokenize_column

CONTENT = resources.files("opportunity.model").joinpath("cues.toml").read_bytes()
DATA = tomllib.loads(CONTENT.decode())
INFO = ModelInfo("table", "test")
LINES = [(cue, line) for cue, values in DATA["cues"].items() for line in values["patterns"].splitlines() if line]
WORDS = sorted({word for words in DATA["classes"].values() for word in words.split()} | set(DATA["common"].split()))
LEAST_RATE = 0.7
"""Of the speed of scoring a batch without cues: a fall of at most a quarter, and room for a busy machine."""

texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=40).map(" ".join)
messages = st.one_of(texts, st.text(max_size=60))

SAID = [
    ("count_of_attempts", "So. I have called you three times, now what", "called you three times"),
    ("promise_not_kept", "They promised a van on Monday and it never came.", "it never came"),
    ("time_to_come", "Hurry: the wedding is on Saturday, as you know.", "wedding is on Saturday"),
    ("asks_money_back", "Please, give me my money back today", "money back"),
    ("unjust_treatment", "Then she laughed at me in the shop", "she laughed"),
    ("threat_to_leave", "Bad. I will never shop here after this", "never shop"),
    ("third_party", "My next letter goes to the ombudsman.", "ombudsman"),
    ("suggestion_grammar", "It would be nice if maps were free", "would be"),
    ("fraud_under_way", "Oh no, someone used my card today", "someone used my card"),
    ("danger", "That step is dangerous in rain", "dangerous"),
]


def wanted(line: str) -> list[tuple[set[str], int, bool]]:
    """A pattern's elements, read without the code under test."""
    out, gap = [], 0
    for part in line.split():
        if part.startswith("..") and part[2:].isdigit():
            gap = int(part[2:])
        else:
            words = {w for p in part.strip("~").split("|") for w in DATA["classes"].get(p, p).split()}
            out.append((words, gap, part[0] == "~"))
            gap = 0
    return out


def slow_cues(tokens: list[str]) -> set[str]:
    """The cues of a message, one pattern and place after the other."""
    framed = ["^", *tokens, "$"]
    return {cue for cue, line in LINES if any(_stands(wanted(line), framed, i) for i in range(len(framed)))}


def _stands(elements, framed, start) -> bool:
    places = {start}
    for nth, (words, gap, optional) in enumerate(elements):
        reached = {place + k for place in places for k in range((gap if nth else 0) + 1)}
        places = {p + 1 for p in reached if p < len(framed) and framed[p] in words} | (reached if optional else set())
    return bool(places)


@pytest.fixture(scope="module")
def vocabulary(small):
    return Vocabulary.learn([row.text for row in small], cues=shipped_cues(), at_least=2)


@pytest.fixture(scope="module")
def fitted(small):
    estimator = OpportunityClassifier(cues=shipped_cues(), min_messages=2, max_iter=50)
    return estimator.fit([row.text for row in small], [row.labels for row in small])


@pytest.fixture(scope="module")
def table(fitted):
    return Table.fold(fitted, INFO)


def test_there_are_at_least_thirty_cues_with_several_hundred_patterns():
    assert len(shipped_cues()) >= 30
    assert len(LINES) >= 400


def test_every_cue_speaks_for_a_label():
    assert set(shipped_cues().labels) <= set(COLUMNS)


def test_no_pattern_can_hold_a_customers_sentence():
    for _, line in LINES:
        single = [part.islower() and not set("|~.") & set(part) for part in line.split()]
        assert all(not all(single[i : i + 5]) for i in range(max(0, len(single) - 4)))


@pytest.mark.parametrize(("cue", "text", "quote"), SAID, ids=[cue for cue, *_ in SAID])
def test_a_cue_stands_where_it_is_said(vocabulary, cue, text, quote):
    number = vocabulary.n_ngrams + shipped_cues().names.index(cue)
    assert [text[found.start : found.end] for found in vocabulary.find(text).cues if found.feature == number] == [quote]


@settings(deadline=None)
@given(st.lists(messages, max_size=6))
def test_one_message_and_many_have_the_same_cues(texts):
    cues = shipped_cues()
    known = KnownWords(cues.words)
    column = tokenize_column(pa.array(texts, pa.large_string()), known)
    message, *many = cues.match(cues.numbering(known)[column.numbers], column.n_tokens)
    for row, text in enumerate(texts):
        _, *one = cues.match_words([token.word for token in tokenize(text)])
        assert [part.tolist() for part in one] == [part[message == row].tolist() for part in many]


@settings(deadline=None, max_examples=50)
@given(texts)
def test_cues_are_those_that_a_slow_search_finds(text):
    tokens = [token.word for token in tokenize(text)]
    found = shipped_cues().match_words(tokens)
    assert {shipped_cues().names[i] for i in found.cue} == slow_cues(tokens)


@settings(deadline=None)
@given(messages)
def test_a_match_lies_within_its_message(text):
    tokens = tokenize(text)
    _, cue, start, stop = shipped_cues().match_words([token.word for token in tokens])
    assert len(set(cue.tolist())) == len(cue)
    assert ((start >= 0) & (start < stop) & (stop <= len(tokens))).all()


def test_the_shortest_match_is_kept_and_of_these_the_first():
    content = b'common = "a"\n[classes]\nX = "x y"\n[cues.c]\nlabel = "heat:calm"\npatterns = "X ..6 end"'
    _, _, start, stop = Cues.parse(content).match_words(["x", "x", "b", "end", "b", "y", "end", "x", "end"])
    assert (start.tolist(), stop.tolist()) == ([5], [7])


@pytest.mark.parametrize("line", ["~maybe", "^ ~maybe $", "a " + "..60 b " * 2])
def test_a_pattern_that_fits_anything_or_reaches_too_far_is_refused(line):
    content = f'common = "a"\n[classes]\n[cues.c]\nlabel = "heat:calm"\npatterns = "{line}"'
    with pytest.raises(ValueError, match="a pattern must"):
        Cues.parse(content.encode())


def test_the_folded_table_gives_the_estimators_log_odds(fitted, table, corpus):
    many = [row.text for row in corpus[:500]]
    assert np.abs(table.score(many).logits - fitted.decision_function(many)).max() < 1e-4


def test_votes_of_cues_add_up_to_the_log_odds(table):
    quotes = [text for _, text, _ in SAID]
    for text, logits in zip(quotes, table.score(quotes).logits, strict=True):
        assert table.votes(text).logits == pytest.approx(logits, abs=1e-4)


def test_a_cue_says_as_much_in_a_long_message_as_in_a_short_one(table):
    cue = table.vocabulary.n_ngrams + shipped_cues().names.index("third_party")
    for text in ("ombudsman", "ombudsman " + "lamp " * 50):
        votes = table.votes(text)
        assert any(np.array_equal(vote, table.weights[cue]) for vote in votes.contributions)


def test_a_cloned_estimator_keeps_its_cues(fitted):
    assert clone(fitted).cues.digest == shipped_cues().digest


def test_a_table_survives_its_files(table):
    again = Table.from_files(table.to_files(), INFO, Calibration.plain())
    assert again.vocabulary.cues is shipped_cues()
    assert np.array_equal(again.weights, table.weights)


def test_a_table_without_cues_is_still_read(classifier):
    files = Table.fold(classifier, INFO).to_files()
    assert Table.from_files(files, INFO, Calibration.plain()).vocabulary.cues is None


def test_a_table_trained_with_other_cues_is_refused(table):
    other = replace(table, vocabulary=replace(table.vocabulary, cues=Cues.parse(CONTENT + b"\n")))
    files = other.to_files()
    with pytest.raises(ModelFormatError, match="trained with other cues than this version has; retrain"):
        Table.from_files(files, INFO, Calibration.plain())


@pytest.mark.parametrize("word", ["call", "tues", "never", "assured", "? !", "0 days"])
def test_a_hostile_text_takes_no_longer_than_its_length(word):
    tokens = ((word + " ") * (20_000 // (len(word) + 1))).split()
    shipped_cues().match_words(["warm"])
    taken = []
    for _ in range(5):  # other work on the machine slows single runs
        began = time.process_time()
        shipped_cues().match_words(tokens)
        taken.append(time.process_time() - began)
    assert min(taken) < 0.1


@pytest.mark.slow
def test_cues_leave_a_batch_most_of_its_speed(table, corpus):
    from opportunity.triage import Triage

    n_ngrams = table.vocabulary.n_ngrams
    plain = Vocabulary(table.vocabulary.words, table.vocabulary.pairs)
    without = Table(INFO, table.calibration, plain, table.weights[:n_ngrams], table.intercept)
    batch = pa.RecordBatch.from_pydict({"text": [row.text for row in corpus[:4000]]})
    times = {model: [] for model in (without, table)}
    for _ in range(9):
        for model, taken in times.items():
            began = time.process_time()
            Triage(model).score_batch(batch)
            taken.append(time.process_time() - began)
    assert min(times[without]) / min(times[table]) >= LEAST_RATE
