import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opportunity.advice.authoring import check_playbook, show_playbook, starting_playbook
from opportunity.advice.lines import FACT_SLOTS, Line, Situation
from opportunity.advice.playbook import load_playbook
from opportunity.advice.playbook_file import LINE_PATHS, WORD_PATHS, default_source, default_text, read_source
from opportunity.errors import PlaybookError
from opportunity.records import Facts, Labels, Quote
from opportunity.taxonomy import OPPORTUNITIES, TAXONOMY

PLAYBOOK = load_playbook()
LINES = [(path, line) for path, lines in PLAYBOOK.lines.items() for line in lines]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    return path


def situation(slots=None, labels=None, seed=b"x"):
    return Situation(seed, slots or {}, labels or {})


def test_default_playbook_has_no_fault_and_fills_every_place(tmp_path):
    source = default_source()
    assert read_source(write(tmp_path, default_text().partition("[policy]")[0])).faults == ()
    assert source.lines.keys() == LINE_PATHS
    assert source.words.keys() == WORD_PATHS


@pytest.mark.parametrize("name", OPPORTUNITIES)
def test_every_opportunity_has_at_least_six_lines(name):
    assert len(PLAYBOOK.lines[f"opportunity.{name}.lines"]) >= 6


@pytest.mark.parametrize("name", TAXONOMY["help"].names)
def test_every_help_action_has_at_least_four_lines(name):
    assert len(PLAYBOOK.lines[f"help.{name}.lines"]) >= 4


@pytest.mark.parametrize("path", sorted(LINE_PATHS))
def test_every_place_has_a_line_that_always_fits(path):
    assert any(line.needs <= {"time"} and not line.when for line in PLAYBOOK.lines[path])


@pytest.mark.parametrize(("path", "line"), LINES, ids=[f"{path}.{line.key}" for path, line in LINES])
def test_default_line_keeps_the_house_rules(path, line):
    text = line.text.lower()
    assert "!" not in text
    assert not [phrase for phrase in PLAYBOOK.policy.never_said if phrase in text]
    assert text.rstrip("”").endswith((".", "?"))
    assert not re.search(r"\bsorry (if|but|for any)\b|any inconvenience|valued customer", text)
    assert not re.search(r"\b(\w+) \1\b", text)


def test_default_lines_can_all_be_chosen():
    for lines in PLAYBOOK.lines.values():
        for i, line in enumerate(lines):
            assert not [x.key for x in lines[:i] if x.asks_no_more_than(line) and not x.is_equal_to(line)]


def test_first_line_whose_needs_are_met_is_used():
    lines = (Line("both", "{item} {deadline}"), Line("one", "{item}"), Line("none", "nothing"))
    assert situation({"item": "coat"}).pick("p", lines) == "coat"
    assert situation({"item": "coat", "deadline": "Friday"}).pick("p", lines) == "coat Friday"
    assert situation().pick("p", lines) == "nothing"


def test_when_asks_for_labels():
    lines = (Line("angry", "angry", {"heat": frozenset({"furious"})}), Line("plain", "plain"))
    assert situation(labels={"heat": frozenset({"furious"})}).pick("p", lines) == "angry"
    assert situation(labels={"heat": frozenset({"calm"})}).pick("p", lines) == "plain"


@given(st.binary(max_size=50))
def test_choice_among_equals_depends_on_the_text_alone(seed):
    lines = tuple(Line(str(i), str(i)) for i in range(5))
    assert situation(seed=seed).pick("p", lines) == situation(seed=seed).pick("p", lines)


def test_equal_lines_all_get_their_turn():
    lines = tuple(Line(str(i), str(i)) for i in range(5))
    assert {situation(seed=str(n).encode()).pick("p", lines) for n in range(200)} == set("01234")


def test_line_that_would_double_a_word_is_passed_over():
    lines = (Line("a", "the {item}"), Line("b", "Plain."))
    assert situation({"item": "the coat"}).pick("p", lines) == "Plain."


def test_quote_with_braces_is_not_filled_again():
    assert situation({"item": "{name}"}).pick("p", (Line("a", "the {item}"),)) == "the {name}"


@pytest.mark.parametrize(
    ("fact", "words", "labels"),
    [
        ("deadline", "Friday", Labels(flags=("deadline",))),
        ("elapsed", "two weeks", Labels(failure=("late_or_missing",))),
        ("contacts", "three calls", Labels(flags=("repeat",))),
        ("amount", "£20", Labels(help=("refund_or_compensate",))),
    ],
)
def test_fact_is_spoken_of_only_where_the_labels_say_that_it_matters(fact, words, labels):
    facts = Facts(**{fact: Quote(words, 0, len(words))})
    assert fact not in PLAYBOOK.situation("x", Labels(failure=("product_or_quality",)), facts).slots
    assert PLAYBOOK.situation("x", labels, facts).slots[fact] == words


@pytest.mark.parametrize(
    ("fact", "words", "said"),
    [
        ("item", "hi folks,the lamp", None),
        ("item", "tonight's boat", "boat"),
        ("item", "McDonald's", "McDonald's"),
        ("elapsed", "the 2nd", None),
        ("elapsed", "36 hours later", None),
        ("elapsed", "since May", "since May"),
        ("amount", "another 45%", None),
        ("amount", "EUR 45", "EUR 45"),
    ],
)
def test_quote_that_would_not_stand_in_a_line_is_not_spoken_of(fact, words, said):
    assert PLAYBOOK.situation(words, None, Facts(**{fact: Quote(words, 0, len(words))})).slots.get(fact) == said


def test_time_that_is_part_of_the_contacts_is_not_said_twice():
    facts = Facts(contacts=Quote("a call of 50 min", 0, 16), elapsed=Quote("50 min", 10, 16))
    assert "elapsed" not in PLAYBOOK.situation("x", None, facts).slots


@pytest.mark.parametrize(("words", "length"), [(5, "short"), (60, "long")])
def test_line_may_ask_for_the_length_of_the_complaint(words, length):
    assert PLAYBOOK.situation("word " * words).labels["length"] == {length}


def test_business_file_overrides_line_by_line(tmp_path):
    path = write(
        tmp_path,
        '[opportunity.make_whole.lines]\nplain = "Ours."\nplain_2 = ""\n'
        'new = { text = "First {item}.", when = { heat = "furious" } }\n',
    )
    lines = load_playbook(path).lines["opportunity.make_whole.lines"]
    by_key = {line.key: line.text for line in lines}
    assert by_key["plain"] == "Ours."
    assert "plain_2" not in by_key
    assert lines[0].key == "new"
    assert by_key["plain_3"] == next(
        x.text for x in PLAYBOOK.lines["opportunity.make_whole.lines"] if x.key == "plain_3"
    )


def test_business_says_who_it_is_and_what_it_allows(tmp_path):
    path = write(
        tmp_path,
        '[business]\nname = "Harbour Bikes"\nsignature = "Ines"\nchannels = ["01632 960 100"]\nhours = "9 to 6"\n'
        '[limits]\ngoodwill = 40\ncurrency = "€"\nnot_offered = ["release"]\ntarget = "exceed"\n'
        '[times]\nnow = "at once"\n',
    )
    playbook = load_playbook(path)
    slots = playbook.situation("x", Labels(urgency="now")).slots
    assert slots == {
        "business": "Harbour Bikes",
        "signature": "Ines",
        "channel": "01632 960 100",
        "hours": "9 to 6",
        "goodwill": "€40",
        "time": "at once",
    }
    assert playbook.limits.not_offered == {"release"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[business]\nchannels = [3]", "a list of texts"),
        ('[opportunity.save_moment.lines]\na = "x"', "did you mean 'save_the_moment'"),
        ('[help.refund.lines]\na = "x"', "'refund' is no help label"),
        ('[opportunity.make_whole.lines]\na = "x {itm}"', "unknown slot {itm}; did you mean 'item'"),
        ('[opportunity.make_whole.lines]\na = "x {item"', "unknown slot {item"),
        ('[opportunity.make_whole.lines]\na = { text = "x", when = { heat = "angry" } }', "unknown heat 'angry'"),
        ('[opportunity.make_whole.lines]\na = { text = "x", when = { mood = "calm" } }', "asks for 'mood'"),
        ('[opportunity.make_whole.lines]\na = { text = "x", when = "calm" }', "when is no table"),
        ('[opportunity.make_whole.lines]\na = { txt = "x" }', "is no line"),
        ("[opportunity.make_whole.lines]\na = 3", "is no line"),
        ('[opportunity.make_whole.lines]\na = { text = "x", note = "y" }', "'note'"),
        ('opportunity.make_whole.lines = "x"', "wrong kind of value"),
        ('[bussiness]\nname = "x"', "did you mean 'business'"),
        ('[business]\nchannels = "phone"', "it must be a list of texts"),
        ('[limits]\ngoodwill = "forty"', "it must be a number"),
        ("[limits]\ngoodwill = -1", "a number that is not negative"),
        ('[limits]\ntarget = "best"', "must be one of meet, exceed, delight, amaze"),
        ('[limits]\nnot_offered = ["refund"]', "unknown help 'refund'"),
        ("[limits]\ngoodwil = 1", "did you mean 'goodwill'"),
    ],
)
def test_check_says_what_is_wrong_and_loading_refuses(tmp_path, text, fault):
    path = write(tmp_path, text)
    assert any(fault in line for line in check_playbook(path))
    with pytest.raises(PlaybookError, match="opportunity playbook check"):
        load_playbook(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[opportunity.make_whole.lines]\na = "All."\nb = "{item}."', "b can never be chosen: a stands before it"),
        ('[opportunity.make_whole.lines]\na = "All."', "a hides"),
        ('[opportunity.make_whole.lines]\na = "{item} {signature}."', "this file says no signature"),
        ('[help.guide.say]\na = "We guarantee the {item} and {amount}."', "says 'guarantee'"),
    ],
)
def test_check_finds_lines_that_make_no_sense(tmp_path, text, fault):
    assert any(fault in line for line in check_playbook(write(tmp_path, text)))


def test_file_that_is_no_toml_is_refused(tmp_path):
    with pytest.raises(PlaybookError, match="not valid TOML"):
        load_playbook(write(tmp_path, "[["))


def test_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PlaybookError, match="cannot be read"):
        load_playbook(tmp_path / "none.toml")


def test_starting_file_changes_nothing_and_its_examples_are_right(tmp_path):
    start = starting_playbook()
    assert load_playbook(write(tmp_path, start)) == PLAYBOOK
    uncommented = re.sub(r"^# (?=\w+ = )", "", start, flags=re.MULTILINE)
    path = write(tmp_path, uncommented)
    assert check_playbook(path) == ()
    assert load_playbook(path).business.name == "Harbour Bikes"


def test_show_says_every_line():
    shown = show_playbook(PLAYBOOK)
    assert all(line.text in shown for _, line in LINES)
    assert shown.index("opportunity.prevent_harm") < shown.index("opportunity.make_whole") < shown.index("help.")


def test_every_fact_is_used_by_some_line():
    assert set(FACT_SLOTS) <= set().union(*(line.needs for _, line in LINES))
