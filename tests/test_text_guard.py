import pytest

from opportunity.text.guard import MAX_CHARACTERS, decode
from opportunity.text.prepare import prepare


@pytest.mark.parametrize(
    ("given", "text", "notes"),
    [
        (b"caf\xc3\xa9", "café", ()),
        (b"caf\xe9", "café", ("decoded_cp1252",)),
        (b"\xef\xbb\xbfhello", "hello", ()),
        ("a\x00b\ud800c", "abc", ("unreadable_characters_removed",)),
        ("one\r\ntwo\rthree", "one\ntwo\nthree", ("unreadable_characters_removed",)),
        ("so" + "o" * 50, "s" + "o" * 10, ("runs_collapsed",)),
        ("a\n\n\n\n\n\nb", "a\n\n\nb", ("runs_collapsed",)),
        ("AT&amp;T &pound;40 &#8217;", "AT&T £40 ’", ("entities",)),
        ("&amp;amp;quot;", '"', ("entities",)),
        ("they donâ€™t care", "they don’t care", ("encoding_repaired",)),
        ("R&D and Q&A; 5 < 6 & 7 > 3", "R&D and Q&A; 5 < 6 & 7 > 3", ()),
        ("naïve café – “quite” 👍", "naïve café – “quite” 👍", ()),
    ],
)
def test_guards_repair_what_is_broken_and_leave_the_rest(given, text, notes):
    prepared = prepare(given)
    assert (prepared.text, prepared.notes) == (text, notes)


def test_a_text_is_cut_at_the_cap_with_a_note():
    prepared = prepare("ab " * MAX_CHARACTERS)
    assert len(prepared.text) == MAX_CHARACTERS
    assert prepared.notes == ("truncated",)


def test_a_text_as_long_as_the_cap_is_not_cut():
    assert prepare("ab " * (MAX_CHARACTERS // 3)).notes == ()


def test_bytes_beyond_a_mebibyte_are_not_read_and_a_character_cut_in_two_does_not_change_the_encoding():
    text, cut, guessed = decode("é".encode() * (1 << 20) + b"!")
    assert set(text) == {"é"}
    assert (cut, guessed) == (True, False)
    text, cut, guessed = decode(b"x" + "é".encode() * (1 << 20))
    assert set(text) == {"x", "é"}
    assert (cut, guessed) == (True, False)


def test_unbroken_tokens_are_split_every_hundred_characters():
    prepared = prepare("xy" * 125)
    assert [len(piece) for piece in prepared.text.split()] == [100, 100, 50]
    assert prepared.source[slice(*prepared.span(101, 201))] == "xy" * 50


def test_a_long_link_is_masked_whole():
    assert prepare("see https://example.org/" + "ab1/" * 60 + " please").text == "see weblink please"
