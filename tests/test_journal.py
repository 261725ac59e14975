import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opportunity.errors import JournalError
from opportunity.journal import Journal, Week, week_digest
from opportunity.records import Answers, Facts, Labels, Levels, ModelInfo, Plan, Quote, Suggestion

WEEK = Week.parse("2026-W47")
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
TEXT = "This is Ada Mbeki. My coat never came and I wrote to you twice from ada.mbeki@mail.example about it."
CHOSEN = Labels("complaint", ("late_or_missing",), ("save_the_moment",), ("expedite",), "now", "upset", ("deadline",))
SUGGESTION = Suggestion(
    id="42",
    **{head: () for head in ("kind", "failure", "opportunity", "help", "urgency", "heat", "flags")},
    chosen=CHOSEN,
    abstained=None,
    evidence=(),
    model=ModelInfo("table", "1"),
    facts=Facts(name=Quote("Ada Mbeki", 8, 17), item=Quote("coat", 22, 26)),
    answers=Answers("The coat matters.", "Ring Ada Mbeki yourself."),
    plan=Plan("a", "b", "c", None),
    levels=Levels("a", "b", "c", "d", "exceed"),
)


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "deep" / "journal.db", now=lambda: NOON) as journal:
        yield journal


def everything_in(journal):
    journal.close()
    return b"".join(p.read_bytes() for p in journal.path.parent.iterdir())


def test_file_is_created_on_first_use_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        assert not path.exists()
        assert journal.stories() == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_written_down_is_found_again(journal):
    number = journal.record_suggestion(TEXT, SUGGESTION, customer="ada")
    journal.correct(number, CHOSEN, agent="ben")
    journal.record_reply(number, "I have sent it.", {"out_of_ten": 8.3, "mend_first": "time", "answers": {}})
    journal.record_outcome(number, "delight", "That was lovely.")
    (handled,) = journal.handled(WEEK)
    assert (handled.complaint, handled.opportunity, handled.help) == ("42", "save_the_moment", ("expedite",))
    assert (handled.out_of_ten, handled.mend_first, handled.level) == (8.3, "time", "delight")
    assert (handled.words, handled.corrected, handled.told) == ("That was lovely.", False, False)


def test_texts_are_masked_by_default(journal):
    number = journal.record_suggestion(TEXT, SUGGESTION, customer="ada.mbeki@mail.example")
    journal.record_reply(
        number, "Write to ada.mbeki@mail.example", {"quotes": {"time": {"quote": "Mbeki"}}, "example": "Mbeki"}
    )
    journal.record_outcome(number, "meet", "mail me at ada.mbeki@mail.example")
    journal.tell_story("The coat", "ada.mbeki@mail.example waited", "Sent.", customer="ada.mbeki@mail.example")
    kept = everything_in(journal)
    assert b"mail.example" not in kept
    assert b"Mbeki" not in kept
    assert b"coat" in kept


def test_texts_are_kept_as_they_are_where_told_so(tmp_path):
    with Journal(tmp_path / "j.db", masked=False, now=lambda: NOON) as journal:
        journal.record_suggestion(TEXT, SUGGESTION)
        assert journal.handled()[0].text == TEXT


def test_correction_counts_and_is_exported_as_a_labelled_row(journal):
    journal.record_suggestion("Never corrected.", SUGGESTION)
    number = journal.record_suggestion(TEXT, SUGGESTION)
    other = Labels("complaint", ("late_or_missing",), ("make_whole",), ("refund_or_compensate",), "soon", "upset", ())
    journal.correct(number, CHOSEN)
    journal.correct(number, other)
    (row,) = journal.labelled_rows()
    assert row["id"] == f"journal-{number}"
    assert Labels.from_dict(row) == other
    assert row["facts"].keys() == {"item", "deadline", "elapsed", "amount", "contacts", "reference"}
    assert [h.corrected for h in journal.handled()] == [False, True]


def test_forget_removes_everything_of_a_person_and_of_no_other(journal):
    for customer, word in (("ada", "zanzibarine"), ("ben", "yellowstonian")):
        number = journal.record_suggestion(f"My {word} lamp broke.", SUGGESTION, customer=customer)
        journal.correct(number, CHOSEN, agent="x")
        journal.record_reply(number, f"The {word} lamp is on its way.")
        journal.record_outcome(number, "exceed", f"Thanks for the {word} lamp.")
        journal.tell_story(word, f"The {word} lamp", "done", suggestion=number)
        journal.tell_story(word, f"Another {word} lamp", "done", customer=customer)
    assert journal.forget(" ADA ") == 3
    kept = everything_in(journal)
    assert b"zanzibarine" not in kept
    assert b"yellowstonian" in kept
    assert len(journal.handled()) == 1
    assert len(journal.stories()) == 2
    assert journal.forget("ada") == 0


def test_story_of_another_week_is_not_told(journal):
    journal.tell_story("Now", "a", "b")
    assert [s.title for s in journal.stories(WEEK)] == ["Now"]
    assert journal.stories(Week.parse("2026-W46")) == []


def test_digest_recognises_documents_and_learns(journal):
    number = journal.record_suggestion("My blue coat never came.", SUGGESTION)
    journal.record_reply(number, "It is on its way.", {"out_of_ten": 9.0, "mend_first": "time"})
    journal.record_outcome(number, "delight", "You saved the *day*.")
    journal.record_suggestion("Another one.", SUGGESTION)
    journal.tell_story("The bicycle", "It was stolen.", "We lent ours.", plus_one="A bell.", said="Ding.")
    digest = week_digest(journal, WEEK)
    assert digest.startswith("# Extra-mile stories, 2026-W47\n")
    assert [line for line in digest.splitlines() if line.startswith("## ")] == [
        "## Recognise it",
        "## Document it",
        "## Learn from it",
    ]
    for words in (
        "My blue coat",
        "Save the moment",
        r"You saved the \*day\*.",
        "The bicycle",
        "A bell.",
        "Do it now: 1 of 1",
        r"Said to the agent where it went beyond (1): “Ring \[name\] yourself.”",
        "time (1)",
    ):
        assert words in digest
    assert not re.search(r"loyal(?! customers)", digest)


def test_digest_of_an_empty_week_says_so(journal):
    digest = week_digest(journal, Week.parse("2020-W01"))
    assert "0 complaints" in digest
    assert "No story was written down" in digest


def test_complaint_with_a_story_is_not_proposed_again(journal):
    number = journal.record_suggestion("My blue coat never came.", SUGGESTION)
    journal.record_outcome(number, "amaze")
    assert [h.id for h in journal.worth_telling(WEEK)] == [number]
    journal.tell_story("The coat", "a", "b", suggestion=number)
    assert journal.worth_telling(WEEK) == []


@pytest.mark.parametrize("week", ["2026-47", "2026-W54", "soon", ""])
def test_week_that_is_none_is_refused(week):
    with pytest.raises(JournalError, match="write it like 2026-W47"):
        Week.parse(week)


def test_week_of_a_moment_is_the_one_it_falls_in():
    assert Week.of(NOON) == WEEK
    assert str(Week.of(datetime(2027, 1, 1, tzinfo=UTC))) == "2026-W53"


@pytest.mark.parametrize("call", ["correct", "reply", "outcome", "story"])
def test_suggestion_that_is_not_there_is_refused(journal, call):
    calls = {
        "correct": lambda: journal.correct(9, CHOSEN),
        "reply": lambda: journal.record_reply(9, "x"),
        "outcome": lambda: journal.record_outcome(9, "meet"),
        "story": lambda: journal.tell_story("a", "b", "c", suggestion=9),
    }
    with pytest.raises(JournalError, match="no suggestion 9"):
        calls[call]()


def test_level_that_is_none_is_refused(journal):
    with pytest.raises(JournalError, match="must be one of missed, meet"):
        journal.record_outcome(1, "best")


def test_file_that_is_no_journal_is_refused(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8" * 500)
    with Journal(path) as journal, pytest.raises(JournalError, match="is no journal"):
        journal.stories()
    assert path.read_bytes() == b"\xff\xd8" * 500


def test_journal_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "j.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with Journal(path) as journal, pytest.raises(JournalError, match="install a later version"):
        journal.stories()


def test_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with Journal(tmp_path / "file" / "j.db") as journal, pytest.raises(JournalError, match="cannot be written"):
        journal.stories()


@given(st.text(max_size=100), st.text(max_size=100))
@settings(max_examples=50, deadline=None)
def test_any_text_can_be_written_down(tmp_path_factory, title, said):
    with Journal(tmp_path_factory.mktemp("j") / "j.db", masked=False) as journal:
        journal.tell_story(title, "a", "b", said=said)
        (story,) = journal.stories()
        assert story.title == title.encode("utf-8", "replace").decode()
        assert isinstance(week_digest(journal, Week.of(datetime.now(UTC))), str)


WRITER = """
import sys
from opportunity.journal import Journal
with Journal(sys.argv[1], masked=False) as journal:
    for n in range(int(sys.argv[3])):
        number = journal.tell_story(f"{sys.argv[2]}-{n}", "a", "b")
        print(f"{sys.argv[2]}-{n}", flush=True)
"""


def writer(path, name, count):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path):
    path = tmp_path / "journal.db"
    writers = [writer(path, f"w{n}", 15) for n in range(4)]
    acknowledged = {title for w in writers for title in w.communicate(timeout=60)[0].split()}
    assert all(w.returncode == 0 for w in writers)
    with Journal(path, masked=False) as journal:
        assert {s.title for s in journal.stories()} == acknowledged
    assert len(acknowledged) == 60


def test_killed_process_loses_nothing_that_was_acknowledged(tmp_path):
    path = tmp_path / "journal.db"
    victim = writer(path, "v", 100_000)
    acknowledged = [victim.stdout.readline().strip() for _ in range(25)]
    victim.kill()
    acknowledged += victim.stdout.read().split()
    victim.wait(timeout=30)
    with Journal(path, masked=False) as journal:
        titles = [s.title for s in journal.stories()]
        journal.tell_story("after", "a", "b")
        assert journal.stories()[-1].title == "after"
    victim.stdout.close()
    assert set(acknowledged) <= set(titles)
    assert len(titles) <= len(acknowledged) + 1
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_suggestion_is_kept_as_json_without_offsets_into_a_masked_text(journal):
    journal.record_suggestion(TEXT, SUGGESTION)
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        kept = json.loads(connection.execute("SELECT suggestion FROM suggestions").fetchone()[0])
    connection.close()
    assert "facts" not in kept
    assert "evidence" not in kept
    assert kept["answers"]["help"] == "Ring [name] yourself."
