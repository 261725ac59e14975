"""A reader that hears a table: a sum of both's votes, and a folder that finds its table or says why not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from reader_support import INFO, READER

from opportunity.errors import ModelCorruptError, ModelNotFoundError
from opportunity.learning.datasets import prepared_texts
from opportunity.learning.join import AGREEMENT, join
from opportunity.model.auto import Auto
from opportunity.model.calibration import Calibration
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import COLUMNS, SLICES
from opportunity.model.joint import Joint
from opportunity.model.store import load_model, read_manifest, save_model
from opportunity.model.table import Table
from opportunity.records import ModelInfo
from opportunity.taxonomy import TAXONOMY

TEXTS = ["My parcel is late again!", "refund please", "", "I want a refund, the parcels are late"]
SHARE = dict.fromkeys(SLICES, 0.5) | {"kind": 2.0, "flags": 0.0}


@pytest.fixture(scope="module")
def table(classifier) -> Table:
    return Table.fold(classifier, ModelInfo("table", "test"))


@pytest.fixture(scope="module")
def joint(table) -> Joint:
    return Joint(READER, table, SHARE, Calibration.plain())


def test_each_head_is_the_readers_log_odds_and_its_share_of_the_tables(joint, table):
    said, read, heard = (model.score(TEXTS).logits for model in (joint, READER, table))
    for head, columns in SLICES.items():
        assert said[:, columns] == pytest.approx(read[:, columns] + SHARE[head] * heard[:, columns], abs=1e-4)


@pytest.mark.parametrize("text", TEXTS)
def test_the_votes_of_both_add_up_to_the_log_odds(joint, text):
    scores, votes = joint.score([text]), joint.votes(text)
    assert votes.logits == pytest.approx(scores.logits[0], abs=1e-3)
    assert votes.known_share == (None if np.isnan(scores.known_share[0]) else pytest.approx(scores.known_share[0]))
    assert votes.contributions.shape == (len(votes.spans), len(COLUMNS))


def test_the_votes_stand_where_reader_and_table_have_theirs(joint, table):
    text = TEXTS[3]
    spans = [tuple(span) for span in joint.votes(text).spans]
    assert spans == [tuple(span) for model in (READER, table) for span in model.votes(text).spans]
    assert {"refund", "late"} <= {text[start:end] for start, end in spans}


def test_it_calls_itself_as_the_reader_does_and_answers_in_its_place(joint, table):
    assert joint.info == INFO
    assert Auto.of(joint).joint is joint


@pytest.fixture
def folder(joint, table, tmp_path) -> Path:
    save_model(table, tmp_path / "table", trained={}, figures={})
    save_model(joint, tmp_path / "reader", trained={}, figures={})
    return tmp_path / "reader"


def hear(folder: Path, **values) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"heard": manifest["heard"] | values}))


def test_it_is_loaded_the_same_with_the_table_beside_it(folder, joint):
    again = load_model(folder)
    assert isinstance(again, Joint)
    assert (again.share, again.calibration) == (joint.share, joint.calibration)
    assert np.array_equal(again.score(TEXTS).logits, joint.score(TEXTS).logits)


def test_a_plain_readers_manifest_hears_nothing(tmp_path):
    save_model(READER, tmp_path, trained={}, figures={})
    assert read_manifest(tmp_path).heard == {}
    assert "heard" not in json.loads((tmp_path / "manifest.json").read_text())


def test_a_missing_table_is_said_with_a_remedy(folder):
    shutil.rmtree(folder.parent / "table")
    with pytest.raises(ModelNotFoundError, match="needs the table it was joined with, and no folder has it"):
        load_model(folder)


def test_another_table_is_not_heard(folder, table):
    files = {name: "0" * 64 for name in table.to_files()}
    hear(folder, files=files)
    with pytest.raises(ModelNotFoundError, match="join the two again"):
        load_model(folder)


def test_a_table_that_was_changed_is_refused(folder):
    path = folder.parent / "table" / "vocabulary.txt"
    path.write_bytes(path.read_bytes() + b"more\n")
    with pytest.raises(ModelCorruptError, match="is not what its checksum says"):
        load_model(folder)


def test_a_reader_cannot_hear_itself(folder):
    hear(folder, files=read_manifest(folder).files)
    with pytest.raises(ModelCorruptError, match="lacks a part or has one of another form"):
        load_model(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"share": {}},
        {"share": {"kind": 1.0}},
        {"share": SHARE | {"mood": 1.0}},
        {"share": SHARE | {"kind": float("nan")}},
        {"share": SHARE | {"kind": float("inf")}},
        {"share": SHARE | {"kind": -1.0}},
        {"share": SHARE | {"kind": "much"}},
        {"share": [1.0]},
        {"files": {}},
        {"files": ["weights.safetensors"]},
    ],
    ids=str,
)
def test_a_hostile_share_or_table_is_refused(folder, values):
    hear(folder, **values)
    with pytest.raises(ModelCorruptError, match="lacks a part or has one of another form"):
        load_model(folder)


def test_joined_by_held_rows_a_table_counts_more_than_a_reader_that_knows_nothing(small, table):
    classifier = OpportunityClassifier(min_messages=2, max_iter=50)
    held = small[::3]
    joint, logits = join(READER, table, classifier, [row for row in small if row not in held], held)
    assert joint.share.keys() == SLICES.keys()
    assert joint.share["opportunity"] > 1
    read = READER.score(prepared_texts(held)).logits[:, SLICES["opportunity"]]
    said = (logits[:, SLICES["opportunity"]] - read) / joint.share["opportunity"]
    truth = [row.labels.opportunity[0] for row in held]
    assert right(logits[:, SLICES["opportunity"]], truth) >= right(said, truth) - 0.02 > right(read, truth)


def test_the_table_answers_alone_only_where_it_nearly_always_agrees(small, table):
    classifier = OpportunityClassifier(min_messages=2, max_iter=50)
    taught, held = small[::2], small[1::2]
    joint, logits = join(READER, table, classifier, taught, held)
    said = classifier.decision_function(prepared_texts(held))
    of_table = table.calibration.probabilities(said)[:, SLICES["opportunity"]]
    of_both = joint.calibration.probabilities(logits)[:, SLICES["opportunity"]]
    alone = of_table.max(axis=1) >= joint.calibration.sure
    agree = of_table.argmax(axis=1) == of_both.argmax(axis=1)
    assert not alone.any() or agree[alone].mean() >= AGREEMENT


def right(logits: np.ndarray, truth: list[str]) -> float:
    """How often the first opportunity is the true one."""
    return float(
        np.mean([TAXONOMY["opportunity"].names[i] == name for i, name in zip(logits.argmax(1), truth, strict=True)])
    )
