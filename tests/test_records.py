import json

from hypothesis import given
from hypothesis import strategies as st

from opportunity.records import (
    Answers,
    Evidence,
    Facts,
    Labels,
    Levels,
    ModelInfo,
    Plan,
    Quote,
    Ranked,
    Suggestion,
)
from opportunity.taxonomy import HEADS, TAXONOMY

words = st.text(max_size=20)
quotes = st.builds(Quote, words, st.integers(0, 99), st.integers(0, 99))


def rankings(head: str):
    each = st.builds(Ranked, st.sampled_from(TAXONOMY[head].names), st.floats(0, 1))
    return st.lists(each, max_size=4).map(tuple)


suggestions = st.builds(
    Suggestion,
    id=st.none() | words,
    **{head: rankings(head) for head in HEADS},
    chosen=st.builds(Labels, kind=st.none() | st.just("complaint"), flags=st.just(("exit",))),
    abstained=st.none() | st.just("empty"),
    evidence=st.lists(st.builds(Evidence, words, words, words, st.just(0), st.just(1))).map(tuple),
    facts=st.builds(Facts, item=st.none() | quotes, promise=st.none() | quotes),
    answers=st.none() | st.builds(Answers, words, words),
    plan=st.none() | st.builds(Plan, words, words, words, st.none() | words),
    levels=st.none() | st.builds(Levels, words, words, words, words, st.just("exceed")),
    model=st.builds(ModelInfo, words, words),
    notes=st.lists(words).map(tuple),
)


@given(suggestions)
def test_a_suggestion_survives_its_dict_and_json(suggestion):
    assert Suggestion.from_dict(json.loads(json.dumps(suggestion.to_dict()))) == suggestion


@given(suggestions)
def test_the_contract_has_all_its_parts(suggestion):
    contract = suggestion.to_dict()
    parts = {"id", "chosen", "abstained", "evidence", "facts", "answers", "plan", "levels", "model", "notes"}
    assert contract.keys() == parts | set(HEADS)
    assert contract["facts"].keys() == {
        *("item", "deadline", "elapsed", "amount", "contacts", "reference", "name", "promise"),
    }
