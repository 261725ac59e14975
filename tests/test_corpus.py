"""The corpus is written one by one: no near-duplicates, no stock openings, enough of the rare labels."""

import re
from collections import Counter, defaultdict

import pytest
from conftest import ROOT, shared

from opportunity.learning.datasets import read_json_lines

SHINGLE = 5
TOO_ALIKE = 0.4
OPENING_WORDS, OPENINGS = 4, 8
RARE = {
    "opportunity": (
        "keep_the_customer",
        "close_expectation_gap",
        "earn_an_advocate",
        "save_the_moment",
        "restore_dignity",
    ),
    "kind": ("suggestion", "request", "praise", "other"),
    "heat": ("furious",),
    "urgency": ("now",),
}


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return [row for _, row in read_json_lines(ROOT / "data" / "complaints.jsonl")]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


def shingles(text: str) -> set[str]:
    said = words(text)
    return {" ".join(said[i : i + SHINGLE]) for i in range(len(said) - SHINGLE + 1)} or {" ".join(said)}


def test_no_two_messages_are_near_duplicates(rows):
    cut = [shingles(row["text"]) for row in rows]
    where = defaultdict(list)
    for i, parts in enumerate(cut):
        for part in parts:
            where[part].append(i)
    shared_parts = Counter((i, j) for at in where.values() for n, i in enumerate(at) for j in at[n + 1 :])
    alike = [(i, j) for (i, j), n in shared_parts.items() if n / len(cut[i] | cut[j]) > TOO_ALIKE]
    assert [(rows[i]["id"], rows[j]["id"]) for i, j in alike] == []


def test_messages_do_not_begin_alike(rows):
    openings = Counter(" ".join(words(row["text"])[:OPENING_WORDS]) for row in rows if len(words(row["text"])) > 5)
    assert [opening for opening, n in openings.items() if n > OPENINGS] == []


@pytest.mark.parametrize(("head", "label"), [(head, label) for head, labels in RARE.items() for label in labels])
def test_there_is_enough_of_every_rare_label(rows, head, label):
    carried = sum(row[head] == label if isinstance(row[head], str) else row[head][:1] == [label] for row in rows)
    assert carried >= 400


def test_there_are_enough_messages_and_contrast_pairs(rows):
    assert len(rows) >= 8_000
    assert sum("pair" in row for row in rows) >= 2 * 700
    assert sum(row["id"][0] in "mnwx" for row in rows) >= 4_500


def test_no_message_shares_a_run_of_words_with_a_real_one_of_the_style_pool(rows):
    real = set()
    for _, row in read_json_lines(shared("data/style_pool.jsonl")):
        said = words(row["text"])
        real |= {" ".join(said[i : i + 9]) for i in range(len(said) - 8)}
    copied = []
    for row in rows:
        said = words(row["text"])
        copied += [row["id"] for i in range(len(said) - 8) if " ".join(said[i : i + 9]) in real]
    assert copied == []
