import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opportunity.advice.playbook_file import QUESTIONS
from opportunity.advice.reply import MEND_ORDER, check_reply
from opportunity.records import Labels

PAIRS = Path(__file__).parents[1] / "../shared/data/replies_dev.jsonl"
COMPLAINT = (
    "The kettle I ordered leaked all over the counter on Sunday. I rang twice and nobody rang back. I want a new one!"
)
GOOD = (
    "Your kettle leaked over the counter, and you had to ring twice. That is a rotten Sunday, "
    "and I am sorry our kettle did it. "
    "I've sent a new one today; it will be with you by Wednesday. "
    "On me, a bag of the tea you like is in the box. Nadia, 01632 960 321"
)
FORM = (
    "Dear valued customer, we apologise for any inconvenience. As stated in our terms, "
    "leaks must be reported in writing. "
    "Please contact our support team. Rest assured that we strive for excellence."
)


def answers(reply, complaint=COMPLAINT, labels=None):
    return {v.question: v.answer for v in check_reply(complaint, reply, labels).verdicts}


def test_good_reply_is_told_from_a_form_letter():
    good, form = check_reply(COMPLAINT, GOOD), check_reply(COMPLAINT, FORM)
    assert good.out_of_ten >= 8
    assert form.out_of_ten <= 2.5
    assert form.mend_first == "no_blame"
    assert form.example


@pytest.mark.parametrize(
    ("question", "reply", "answer"),
    [
        ("heard", "Your kettle should not leak.", "yes"),
        ("heard", "We are sorry about your issue.", "no"),
        ("feeling", "That was a miserable morning for you.", "yes"),
        ("feeling", "We understand your frustration.", "no"),
        ("apology", "I am sorry that our kettle leaked.", "yes"),
        ("apology", "I am sorry if you feel let down.", "no"),
        ("apology", "Sorry to hear that.", "no"),
        ("apology", "We apologise for any inconvenience caused.", "no"),
        ("action", "I have sent you a new one.", "yes"),
        ("action", "We will look into this.", "no"),
        ("owner", "I have booked the van for you.", "yes"),
        ("owner", "The matter will be dealt with.", "no"),
        ("time", "I will send a new one by Wednesday.", "yes"),
        ("time", "I will send a new one shortly.", "no"),
        ("no_blame", "You should have read the label.", "no"),
        ("no_blame", "Our seal was faulty, and that is why it leaked.", "yes"),
        ("no_dead_phrases", "Your feedback is important to us.", "no"),
        ("no_dead_phrases", "The seal was faulty.", "yes"),
        ("no_run_around", "Please contact our support team.", "no"),
        ("no_run_around", "Please send us your order number.", "na"),
        ("no_run_around", "I have sent a new one.", "yes"),
        ("plain", "The amendment was effected pursuant to clause nine.", "no"),
        ("plain", "A new one is in the post.", "yes"),
    ],
)
def test_question_is_answered_as_the_guide_has_it(question, reply, answer):
    assert answers(reply)[question] == answer


def test_time_does_not_apply_where_it_is_done():
    assert answers("I have refunded your kettle; the money is back on your card.")["time"] == "na"


def test_model_says_what_the_complaint_needs():
    labels = Labels("complaint", ("product_or_quality",), ("make_whole",), ("refund_or_compensate",), "soon", "upset")
    assert answers("I have told our warehouse about your kettle.", labels=labels)["asks_met"] == "no"
    assert answers("I have refunded your kettle today.", labels=labels)["asks_met"] == "yes"


def test_extra_does_not_apply_after_danger_or_a_repeat_failure():
    labels = Labels(
        "complaint", ("product_or_quality",), ("rebuild_trust",), ("repair_or_replace",), "soon", "upset", ("repeat",)
    )
    assert answers(GOOD, labels=labels)["plus_one"] == "na"


def test_praise_asks_for_no_apology():
    assert (
        answers("Thank you, I have shown it to Ben.", "The fitting was great, thanks.", Labels(kind="praise"))[
            "apology"
        ]
        == "na"
    )


def test_twelve_questions_in_order_and_all_in_the_order_of_mending():
    review = check_reply(COMPLAINT, GOOD)
    assert tuple(v.question for v in review.verdicts) == QUESTIONS
    assert set(MEND_ORDER) == set(QUESTIONS)


@given(st.text(max_size=200), st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_two_texts_are_reviewed(complaint, reply):
    review = check_reply(complaint, reply)
    assert 0 <= review.out_of_ten <= 10
    assert (review.mend_first is None) == all(v.answer != "no" for v in review.verdicts)
    assert (review.example is None) == (review.mend_first is None)
    for verdict in review.verdicts:
        quote = verdict.quote
        assert quote is None or reply[quote.start : quote.end] == quote.quote
    assert json.loads(json.dumps(review.to_dict()))["mend_first"] == review.mend_first


@pytest.mark.parametrize("unit", ["<", "\n", "sorry ", "we will ", "1", "your ", ". ", "please ", "a b "])
def test_hostile_reply_is_read_in_a_tenth_of_a_second(unit):
    check_reply("warm", "up")
    text = (unit * 20_000)[:20_000]
    fastest = 1.0
    for _ in range(3):
        start = time.thread_time()
        check_reply("It broke.", text)
        fastest = min(fastest, time.thread_time() - start)
    assert fastest < 0.1


def test_check_agrees_with_a_careful_reader():
    if not PAIRS.exists():
        pytest.skip(f"{PAIRS.name} is not there")
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    mine = [{v.question: v.answer for v in check_reply(p["complaint"], p["reply"]).verdicts} for p in pairs]
    shares = {q: sum(m[q] == p["answers"][q] for m, p in zip(mine, pairs, strict=True)) / len(pairs) for q in QUESTIONS}
    assert sum(shares.values()) / len(shares) >= 0.80
    assert min(shares.values()) >= 0.70
