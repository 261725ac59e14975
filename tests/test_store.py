"""Model folders: what is whole is read, what is not is refused with a reason, quickly, and nothing is executed."""

import json
import math
import os
import pickle
import shutil
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from opportunity.errors import ModelCorruptError, ModelError, ModelFormatError, ModelNotFoundError
from opportunity.model.columns import COLUMNS
from opportunity.model.store import FORMAT, load_model, read_manifest, save_model, shipped
from opportunity.model.table import Table
from opportunity.records import ModelInfo


@pytest.fixture(scope="module")
def whole(classifier, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "whole"
    save_model(Table.fold(classifier, ModelInfo("table", "test")), folder, trained={"rows": 1}, figures={})
    return folder


@pytest.fixture
def folder(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def change(folder: Path, **values) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def replace(folder: Path, name: str, content: bytes) -> None:
    """Put another content in place and make its checksum fit, as an attacker would."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    change(folder, files=files | {name: sha256(content).hexdigest()})


class Bomb:
    def __reduce__(self):
        return os.system, ("touch bomb-went-off",)


def arrays(folder: Path, **changed) -> bytes:
    return save(load((folder / "weights.safetensors").read_bytes()) | changed)


def not_json(folder):
    (folder / "manifest.json").write_text("{")


def deep_json(folder):
    (folder / "manifest.json").write_text("[" * 100_000)


def a_list(folder):
    (folder / "manifest.json").write_text("[]")


def huge_manifest(folder):
    (folder / "manifest.json").write_text(" " * (5 * 2**20))


def binary_manifest(folder):
    (folder / "manifest.json").write_bytes(b"\x80\x04\x95\xff\xfe")


def future_version(folder):
    change(folder, format=FORMAT + 1)


def other_kind(folder):
    change(folder, kind="pickle")


def other_taxonomy(folder):
    change(folder, columns=["kind:complaint"])


def no_calibration(folder):
    change(folder, calibration={})


def calibration_of_text(folder):
    change_calibration(folder, temperature={"kind": "hot"})


def zero_temperature(folder):
    calibration = json.loads((folder / "manifest.json").read_text())["calibration"]
    change(folder, calibration=calibration | {"temperature": dict.fromkeys(calibration["temperature"], 0)})


def change_calibration(folder: Path, **values) -> None:
    change(folder, calibration=json.loads((folder / "manifest.json").read_text())["calibration"] | values)


def calibration_not_finite(folder):
    change_calibration(folder, speak=math.nan)


def infinite_slope(folder):
    change_calibration(folder, slope={"help": math.inf, "flags": 1.0})


def no_second_thresholds(folder):
    change_calibration(folder, second={})


def cuts_of_another_head(folder):
    change_calibration(folder, cuts={"kind": [0.5], "urgency": [0.5, 1.5, 2.5], "heat": [0.5, 1.5]})


def falling_cuts(folder):
    change_calibration(folder, cuts={"urgency": [2.5, 1.5, 0.5], "heat": [0.5, 1.5]})


def missing_weights(folder):
    (folder / "weights.safetensors").unlink()


def truncated_weights(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def tampered_weights(folder):
    path = folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def pickled_weights(folder):
    replace(folder, "weights.safetensors", pickle.dumps(Bomb()))


def pickle_beside(folder):
    replace(folder, "model.pkl", pickle.dumps(Bomb()))


def path_outside(folder):
    change(folder, files={"../../etc/passwd": "0" * 64, "weights.safetensors": "0" * 64})


def folder_for_file(folder):
    (folder / "vocabulary.txt").unlink()
    (folder / "vocabulary.txt").mkdir()


def vocabulary_too_short(folder):
    replace(folder, "vocabulary.txt", b"one\ntwo\n")


def vocabulary_not_text(folder):
    replace(folder, "vocabulary.txt", b"\xff\xfe\n" * 10)


def weights_of_another_shape(folder):
    replace(folder, "weights.safetensors", arrays(folder, weights=np.zeros((3, 3), np.float32)))


def weights_not_finite(folder):
    weights = load((folder / "weights.safetensors").read_bytes())["weights"].copy()
    weights[0, 0] = np.nan
    replace(folder, "weights.safetensors", arrays(folder, weights=weights))


def weights_of_another_type(folder):
    replace(folder, "weights.safetensors", arrays(folder, intercept=np.zeros(len(COLUMNS), np.int8)))


def no_weights_inside(folder):
    replace(folder, "weights.safetensors", save({"other": np.zeros(1, np.float32)}))


def lying_header(folder):
    replace(folder, "weights.safetensors", (2**62).to_bytes(8, "little") + b"{}")


HOSTILE = {
    ModelCorruptError: [
        not_json,
        deep_json,
        a_list,
        huge_manifest,
        binary_manifest,
        no_calibration,
        calibration_of_text,
        zero_temperature,
        calibration_not_finite,
        infinite_slope,
        no_second_thresholds,
        cuts_of_another_head,
        falling_cuts,
        missing_weights,
        truncated_weights,
        tampered_weights,
        pickled_weights,
        pickle_beside,
        path_outside,
        folder_for_file,
        vocabulary_too_short,
        vocabulary_not_text,
        weights_of_another_shape,
        weights_not_finite,
        weights_of_another_type,
        no_weights_inside,
        lying_header,
    ],
    ModelFormatError: [future_version, other_kind, other_taxonomy],
}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [(spoil, error) for error, spoils in HOSTILE.items() for spoil in spoils],
    ids=lambda value: value.__name__,
)
def test_a_hostile_folder_is_refused_in_under_a_second_and_nothing_is_executed(
    folder, spoil, error, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    spoil(folder)
    start = time.process_time()
    with pytest.raises(error) as caught:
        load_model(folder)
    assert time.process_time() - start < 1
    assert not (tmp_path / "bomb-went-off").exists()
    message = str(caught.value)
    assert any(way in message for way in ("install", "upgrade", "retrain", "must"))


def test_there_being_no_folder_is_said_with_a_remedy(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"has no manifest\.json; train one or give another path"):
        load_model(tmp_path)


def test_every_fault_is_a_model_error():
    assert all(issubclass(error, ModelError) for error in (*HOSTILE, ModelNotFoundError))


def test_a_saved_model_is_loaded_the_same(classifier, whole, complaints):
    table = Table.fold(classifier, ModelInfo("table", "test"))
    again = load_model(whole)
    assert again.info == table.info
    assert again.calibration == table.calibration
    assert np.array_equal(again.score(complaints).logits, table.score(complaints).logits)


def test_saving_twice_gives_the_same_checksums(classifier, whole, tmp_path):
    save_model(Table.fold(classifier, ModelInfo("table", "test")), tmp_path, trained={"rows": 1}, figures={})
    assert (tmp_path / "manifest.json").read_bytes() == (whole / "manifest.json").read_bytes()
    assert read_manifest(tmp_path).files == read_manifest(whole).files


def test_the_shipped_table_is_whole_and_small():
    folder = shipped("table")
    assert load_model(folder).info.name == "table"
    shipped_bytes = sum(path.stat().st_size for name in ("table", "vectors-en") for path in shipped(name).iterdir())
    assert shipped_bytes < 25 * 2**20


def test_the_shipped_table_knows_no_number_and_no_address():
    words = load_model(shipped("table")).vocabulary.words
    assert [word for word in words if any(c.isdigit() and c != "0" for c in word) or "@" in word] == []


def test_the_card_states_the_figures():
    folder = shipped("table")
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    figures = read_manifest(folder).figures["cross_validation"]["figures"]
    assert f"| index | {figures['index']:.3f} |" in card
