import re

from hypothesis import given
from hypothesis import strategies as st

from opportunity.text.traced import Traced


def test_a_replaced_piece_leads_back_to_the_whole_piece_it_stands_for():
    traced = Traced("mail jo@example.org now").replace(re.compile(r"\S+@\S+"), "emailaddress")
    assert traced.text == "mail emailaddress now"
    assert traced.span(5, 17) == (5, 19)
    assert traced.span(7, 9) == (5, 19)
    assert traced.span(18, 21) == (20, 23)


def test_words_after_a_removed_piece_lead_back_past_it():
    traced = Traced("one two three").replace(re.compile("two "), "")
    assert traced.span(4, 9) == (8, 13)
    assert traced.span(0, 3) == (0, 3)
    assert traced.span(0, 9) == (0, 13)


def test_an_inserted_character_leads_back_to_an_empty_span():
    traced = Traced("abcdef").edit([(3, 3, " ")])
    assert traced.text == "abc def"
    assert traced.span(3, 4) == (3, 3)
    assert traced.span(4, 7) == (3, 6)


def test_an_empty_span_stays_empty():
    traced = Traced("one two three").replace(re.compile("two"), "2")
    assert traced.span(6, 6) == (8, 8)
    assert traced.span(0, 0) == (0, 0)


def test_the_same_object_comes_back_where_nothing_changes():
    traced = Traced("quiet")
    assert traced.replace(re.compile("x"), "y") is traced
    assert traced.replace(re.compile("quiet"), "quiet") is traced
    assert traced.replace(re.compile("quiet"), lambda _: None) is traced


@given(
    st.text("ab-"),
    st.lists(st.tuples(st.sampled_from(["a", "b+", "-", "ab", "a-b"]), st.sampled_from(["", "b", "xyz"]))),
)
def test_spans_lie_within_the_original_and_keep_their_order_after_any_edits(original, edits):
    traced = Traced(original)
    for pattern, new in edits:
        traced = traced.replace(re.compile(pattern), new)
    spans = [traced.span(i, i + 1) for i in range(len(traced.text))]
    assert all(0 <= start <= end <= len(original) for start, end in spans)
    assert spans == sorted(spans)


@given(st.text("abc \n"))
def test_characters_that_no_edit_touched_lead_back_to_themselves(original):
    traced = Traced(original).replace(re.compile("b+"), "").replace(re.compile(" "), "__").replace(re.compile("\n"), "")
    for i, character in enumerate(traced.text):
        if character != "_":
            assert original[slice(*traced.span(i, i + 1))] == character
