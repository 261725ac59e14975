import pyarrow as pa
import pytest

from opportunity.text.prepare import prepare, prepare_batch


def test_html_becomes_lines_of_text_without_scripts_styles_and_comments():
    html = (
        "<html><head><style>p {color: red}</style><script>let a = '<p>';</script></head>\n<body><!-- x -->"
        "<p>My order\nis <b>late</b>.</p>\n<ul><li>one</li>"
        "<li>two &amp; three</li></ul>Bye<br/>now</body></html>"
    )
    prepared = prepare(html)
    lines = ["My order is late.", "one", "two & three", "Bye", "now"]
    assert [line for line in prepared.text.split("\n") if line] == lines
    assert prepared.notes == ("entities", "html")


def test_attributes_with_angle_brackets_go_with_their_tag():
    assert prepare('<p>See <a href="x" title="a > b">here</a></p>').text.strip() == "See here"


@pytest.mark.parametrize(
    "text",
    ["5 < 6 and 7 > 3", "I <3 this", "I am <name>, thanks", "<2 hours", "a <- b -> c", "<<<>>>", "1 </ 2"],
)
def test_other_uses_of_angle_brackets_stay(text):
    assert prepare(text).text == text


def test_escaped_html_is_read_as_html():
    assert prepare("&lt;p&gt;Too late&lt;/p&gt;").text.strip() == "Too late"


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 3 Mar 2025 at 10:11, Jane Doe <jane@example.org> wrote:\n> Hello\n> there",
        "On Mon, 3 Mar 2025 at 10:11, Jane Doe <jane@example.org>\nwrote:\n\n> Hello",
        "> Hello\n> there\n",
        "-----Original Message-----\nFrom: Support\nHello",
        "From: Support <help@example.org>\nSent: Monday, 3 March 2025\nTo: Jane\nSubject: RE: order\n\nHello",
        "From: Support\nDate: Monday\nTo: Jane\nSubject: RE: order\n\nHello",
    ],
)
def test_what_was_quoted_from_earlier_messages_goes(quoted):
    prepared = prepare("It is still broken.\n\n" + quoted)
    assert prepared.text.strip() == "It is still broken."
    assert prepared.notes[0] == "quoted_reply_removed"


def test_an_answer_below_the_quote_is_kept():
    prepared = prepare("On 3 Mar 2025, Support wrote:\n> Is it fixed?\n\nNo, it is still broken.")
    assert prepared.text.strip() == "No, it is still broken."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday he wrote:\nwe will refund you",
        "> only a quote\n> and nothing else",
        "From: London\nTo: Paris\nthe train was late",
        "> 5 days late",
        "Sent from my account were three payments",
        "This email is confidential, please do not tell my wife",
        "-- ",
    ],
)
def test_what_only_looks_like_a_quote_or_signature_stays(text):
    assert prepare(text).text == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJane Doe\nHead of Nothing",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "CONFIDENTIALITY NOTICE: This is privileged and only\nfor the intended recipient.",
        "This e-mail and any attachments are confidential and\nintended solely for the addressee.",
    ],
)
def test_signatures_and_footers_go(signature):
    prepared = prepare("It is still broken.\n\n" + signature)
    assert prepared.text.strip() == "It is still broken."
    assert prepared.notes == ("signature_removed",)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("Hello, my box never came", "my box never came"),
        ("Hello there\nmy box never came", "my box never came"),
        ("Hi team, Hello Fresh box never came", "Hello Fresh box never came"),
        ("Hi all, the jacket is torn", "the jacket is torn"),
        ("hi my jacket is torn", "my jacket is torn"),
        ("HELLO I'M STUCK", "I'M STUCK"),
        ("Hi guys why is it torn", "why is it torn"),
        ("hello hi, it is torn", "it is torn"),
    ],
)
def test_a_greeting_goes_where_it_is_set_off_or_a_sentence_begins_after_it(given, left):
    assert prepare(given).text == left
    assert prepare_batch(pa.array([given])).to_pylist() == [left]


@pytest.mark.parametrize(
    "text",
    ["Hello Fresh box never came", "HELLO KITTY BAG BROKE", "Hi vis jacket torn", "hi fi is dead", "hi", "Hello."],
)
def test_a_greeting_that_may_be_a_products_name_stays(text):
    assert prepare(text).text == text
    assert prepare_batch(pa.array([text])).to_pylist() == [text]


@pytest.mark.parametrize("text", ["<br>", "<script>only()</script>", "Sent from my iPhone", "-- \nJane", "<p></p><p>"])
def test_a_text_is_never_emptied(text):
    assert prepare(text).text == text
