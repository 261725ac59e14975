"""Labelled rows are held to the guide; training is repeatable and measures itself."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, shared, write_lines

from opportunity.errors import DataError
from opportunity.learning.auxiliary import read_tasks
from opportunity.learning.datasets import (
    LabelledRow,
    apart,
    domains,
    faults,
    fingerprint,
    groups,
    read_json_lines,
    read_rows,
)
from opportunity.learning.evaluate import evaluate
from opportunity.learning.train import train
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import FACTS
from opportunity.model.store import load_model, read_manifest
from opportunity.records import Labels

ROW = {
    "id": "1",
    "text": "late",
    "kind": "complaint",
    "failure": ["late_or_missing"],
    "opportunity": ["make_whole"],
    "help": ["expedite"],
    "urgency": "soon",
    "heat": "calm",
    "flags": [],
}


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return train(small, folder, classifier=OpportunityClassifier(min_messages=2, max_iter=50), folds=2)


def test_a_row_is_read(tmp_path):
    (row,) = read_rows([write_lines(tmp_path / "rows.jsonl", [ROW])])
    assert (row.text, row.labels.opportunity) == ("late", ("make_whole",))


def test_rows_of_ids_find_their_texts(tmp_path):
    labels = {key: value for key, value in ROW.items() if key != "text"}
    rows = write_lines(tmp_path / "labels.jsonl", [labels])
    texts = write_lines(tmp_path / "texts.jsonl", [{"id": "1", "text": "found"}])
    assert read_rows([rows], texts=[texts])[0].text == "found"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": None}, 'line 1 of .* has no "text", and its id is in no file of texts'),
        ({"urgency": "someday"}, "urgency has the unknown label 'someday'; the guide has routine, soon"),
        ({"help": "expedite"}, "help must be a list of labels; it is a str"),
        ({"failure": ["other"] * 4}, "failure has 4 labels; it takes at most 3, each once"),
        ({"failure": [["other"]]}, "failure has a value that is no label; the guide has product_or_quality"),
        ({"kind": {"label": "complaint"}}, "kind has a value that is no label; the guide has complaint"),
        ({"opportunity": []}, "opportunity is empty; write none_clear where none can be told"),
    ],
)
def test_a_wrong_row_is_named_by_line_and_fault(tmp_path, change, message):
    path = write_lines(tmp_path / "rows.jsonl", [ROW | change])
    with pytest.raises(DataError, match=message):
        read_rows([path])


def test_a_file_of_texts_without_texts_is_named_by_line(tmp_path):
    rows = write_lines(tmp_path / "labels.jsonl", [ROW])
    texts = write_lines(tmp_path / "texts.jsonl", [{"id": "1", "body": "found"}])
    with pytest.raises(DataError, match=r'line 1 of .*texts\.jsonl must have "id" and "text"; it has "body", "id"'):
        read_rows([rows], texts=[texts])


def test_a_missing_head_is_named(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [{k: v for k, v in ROW.items() if k != "heat"}])
    with pytest.raises(DataError, match="lacks heat; it has"):
        read_rows([path])


def test_a_line_that_is_no_json_is_named_without_its_content(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "1"\nsecret words\n')
    with pytest.raises(DataError, match=r"line 1 of .*rows\.jsonl is not a JSON object") as caught:
        list(read_json_lines(path))
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        read_rows([tmp_path / "none.jsonl"])


def test_the_order_of_decision_is_held():
    assert faults(ROW) == []
    assert "order of decision" in faults(ROW | {"opportunity": ["make_whole", "prevent_harm"]})[0]
    assert "stands alone" in faults(ROW | {"opportunity": ["make_whole", "none_clear"]})[0]
    assert "is empty" in faults(ROW | {"opportunity": []})[0]
    praise = ROW | {"kind": "praise", "opportunity": ["earn_an_advocate", "fix_the_cause"]}
    assert faults(praise) == []


def test_a_domain_and_both_rows_of_a_pair_stay_together(tmp_path):
    rows = [
        ROW | {"id": "b", "pair": "a", "industry": "gas"},
        ROW | {"id": "a", "pair": "b", "industry": "water"},
        ROW | {"id": "c", "industry": "gas"},
        *(ROW | {"id": f"nhs-{number}"} for number in range(4)),
    ]
    kept = groups(read_rows([write_lines(tmp_path / "rows.jsonl", rows)]))
    assert kept == ["water", "water", "gas", "nhs", "nhs", "nhs", "nhs"]


@pytest.mark.parametrize("ids", [["journal-1", "journal-2", "journal-3"], ["17", "18", "19"]], ids=["one", "as many"])
def test_rows_of_one_domain_or_of_none_are_split_by_pair(tmp_path, ids):
    first, second, third = ids
    rows = [ROW | {"id": first, "pair": second}, ROW | {"id": second, "pair": first}, ROW | {"id": third}]
    read = read_rows([write_lines(tmp_path / "rows.jsonl", rows)])
    assert groups(read) == [first, first, third]
    assert domains(read, at_least=2) is None


def test_the_fingerprint_changes_with_a_label(tmp_path):
    a = read_rows([write_lines(tmp_path / "a.jsonl", [ROW])])
    b = read_rows([write_lines(tmp_path / "b.jsonl", [ROW | {"heat": "upset"}])])
    assert fingerprint(a) == fingerprint(a) != fingerprint(b)


def test_training_twice_gives_the_same_checksums(small, trained, tmp_path):
    again = train(small, tmp_path, classifier=OpportunityClassifier(min_messages=2, max_iter=50), folds=2)
    assert again.manifest.files == trained.manifest.files
    assert again.manifest.calibration == trained.manifest.calibration


def test_the_manifest_says_what_the_model_was_trained_on(small, trained):
    said = read_manifest(trained.folder).trained
    assert said["rows"] == len(small)
    assert said["fingerprint"] == fingerprint(small)
    assert "scikit-learn" in said["libraries"]


def test_what_was_taught_is_known_better_than_what_was_not(small, trained):
    seen = evaluate(load_model(trained.folder), small).figures["opportunity_top1"]
    assert seen > trained.evaluation.figures["opportunity_top1"] > 0.15


def test_the_surest_answers_are_right_more_often(trained):
    curve = trained.evaluation.curve
    assert curve[0].accuracy >= curve[-1].accuracy
    assert [point.coverage for point in curve] == [tenth / 10 for tenth in range(1, 11)]


def test_too_few_rows_are_refused(small, tmp_path):
    with pytest.raises(DataError, match="there are 3 labelled rows; at least 50 are needed"):
        train(small[:3], tmp_path)


@pytest.mark.parametrize("domain", ["journal", None], ids=["one domain", "none"])
def test_a_businesss_own_rows_are_enough_to_train_on(small, tmp_path, domain):
    own = [replace(row, id=str(i), domain=domain or str(i), pair=None) for i, row in enumerate(small)]
    classifier = OpportunityClassifier(min_messages=2, max_iter=50)
    assert train(own, tmp_path, classifier=classifier, folds=2).evaluation.figures["opportunity_top1"] > 0.15


def test_more_folds_than_rows_of_any_opportunity_are_refused(small, tmp_path):
    with pytest.raises(DataError, match=r"300 folds are too many: no opportunity has more than .* take fewer folds"):
        train(small, tmp_path, folds=300)


def test_a_model_is_not_measured_on_nothing(trained):
    with pytest.raises(DataError, match="there are 0 labelled rows; at least one is needed"):
        evaluate(load_model(trained.folder), [])


def test_a_file_that_holds_no_tasks_is_refused(tmp_path):
    pq.write_table(pa.Table.from_pylist([{"text": "late"}]), tmp_path / "tasks.parquet")
    with pytest.raises(DataError, match=r"tasks\.parquet must be a Parquet file with the columns text, task and label"):
        read_tasks(tmp_path / "tasks.parquet")


def test_the_corpus_follows_the_guide_and_quotes_itself():
    wrong = []
    for number, row in read_json_lines(ROOT / "data" / "complaints.jsonl"):
        quotes = [row["evidence"], *row["facts"].values()]
        bad = [quote for quote in quotes if quote is not None and quote not in row["text"]]
        if faults(row) or bad or (row["evidence"] is None) != (row["opportunity"] == ["none_clear"]):
            wrong.append(number)
    assert wrong == []


def test_the_corpus_has_each_id_once_and_pairs_that_know_each_other():
    rows = {row["id"]: row for _, row in read_json_lines(ROOT / "data" / "complaints.jsonl")}
    assert len(rows) == sum(1 for _ in read_json_lines(ROOT / "data" / "complaints.jsonl"))
    for row in rows.values():
        if "pair" in row:
            other = rows[row["pair"]]
            assert other["pair"] == row["id"]
            assert other["opportunity"][0] != row["opportunity"][0]


def test_the_labels_of_open_messages_are_ids_labels_and_places_only():
    path = ROOT / "data" / "labels_open.jsonl"
    heads = {"id", "kind", "failure", "opportunity", "help", "urgency", "heat", "flags", "facts"}
    for _, row in read_json_lines(path):
        assert row.keys() == heads
        assert faults(row) == []
        assert row["facts"].keys() <= set(FACTS)
        assert all(isinstance(place, int) for at in row["facts"].values() for place in at)
    known = {row["id"]: row["text"] for _, row in read_json_lines(shared("data/open_pool.jsonl"))}
    for _, row in read_json_lines(path):
        text = known[row["id"]]
        for start, end in row["facts"].values():
            assert 0 <= start < end <= len(text)
            assert not any(text[at - 1 : at + 1].isalnum() for at in (start, end) if 0 < at < len(text))


def test_rows_after_one_message_judge_only_where_they_are_of_one_domain():
    told = Labels("complaint", ("other",), ("fix_the_cause",), ("explain",), "soon", "calm")
    after = [("energy", "s1"), ("hotel", "s1"), ("energy", "s2"), ("energy", "s2"), ("hotel", None), ("energy", None)]
    rows = [LabelledRow(str(i), "late", told, domain=domain, after=s) for i, (domain, s) in enumerate(after)]
    assert apart(rows).tolist() == [False, False, True, True, True, True]
