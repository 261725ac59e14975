"""Labels that were set wrong on purpose are found; which they are is written beside a training."""

import json
import sys
from dataclasses import replace

import pytest
from cli_support import call, one_line, read
from conftest import ROOT
from threadpoolctl import threadpool_limits

import opportunity
from opportunity.learning.audit import find_doubts
from opportunity.learning.datasets import prepared_texts

SPOILT = range(0, 400, 20)


@pytest.fixture(scope="module")
def spoilt(small):
    """Rows of which every twentieth has another first opportunity than its reader gave it."""
    rows = list(small)
    for i in SPOILT:
        wrong = "earn_an_advocate" if rows[i].labels.opportunity[0] == "make_whole" else "make_whole"
        rows[i] = replace(rows[i], labels=replace(rows[i].labels, opportunity=(wrong,)))
    return rows


def test_labels_that_were_set_wrong_are_found(spoilt):
    probability = opportunity.load("table").model.read_many(prepared_texts(spoilt)).probability
    doubts = {doubt.id: doubt for doubt in find_doubts(spoilt, probability)}
    found = [spoilt[i].id for i in SPOILT if spoilt[i].id in doubts]
    assert len(found) > len(SPOILT) / 2
    assert len(doubts) < len(spoilt) / 4
    for row in spoilt:
        if doubt := doubts.get(row.id):
            assert doubt.given == row.labels.opportunity[0] != doubt.likelier


def test_the_most_doubtful_stand_first(spoilt):
    probability = opportunity.load("table").model.read_many(prepared_texts(spoilt)).probability
    told = [doubt.probability for doubt in find_doubts(spoilt, probability)]
    assert told == sorted(told)


@pytest.mark.slow
def test_train_writes_the_ids_of_doubtful_rows(tmp_path):
    every = (ROOT / "data" / "complaints.jsonl").read_text(encoding="utf-8").splitlines()
    lines, doubtful = every[:: max(1, len(every) // 150)], tmp_path / "doubtful.jsonl"
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    options = ("--folds", 2, "--jobs", 1, "--doubtful", doubtful)
    with threadpool_limits(1):
        done = call("train", tmp_path / "rows.jsonl", "-o", tmp_path / "model", *options)
    assert (done.code, done.err) == (0, "")
    rows = read(doubtful)
    said = f"{len(rows)} of {len(lines)} rows are likely labelled wrong; their ids are in {doubtful}"
    assert done.out.rstrip().endswith(said)
    assert {row["id"] for row in rows} <= {str(json.loads(line)["id"]) for line in lines}
    assert all(row.keys() == {"id", "given", "likelier", "probability"} for row in rows)


def test_without_the_extra_train_says_so_before_it_trains(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "opportunity.learning.audit")
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    said = one_line(call("train", tmp_path / "none.jsonl", "-o", tmp_path / "m", "--doubtful", tmp_path / "d.jsonl"))
    assert (
        "finding doubtful labels needs packages that are not installed; run: pip install 'opportunity[train]'" in said
    )
