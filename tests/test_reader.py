"""The reader, alone and with a table that it hears: a sum of votes, read back as it was written."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_support import GRAPH, INFO, READER, SHAPE, WORDS, small_tokenizer, small_weights

import opportunity
from opportunity.advice.evidence import find_evidence
from opportunity.errors import ModelCorruptError, ModelFormatError
from opportunity.learning.encoder_graph import MOST, Shape, read_weights, write_graph
from opportunity.model.auto import Auto
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS, SLICES
from opportunity.model.joint import Joint
from opportunity.model.reader import MOST_TOKENS, Reader, side_by_side
from opportunity.model.store import load_model, save_model, shipped
from opportunity.model.table import Table
from opportunity.records import Labels, ModelInfo
from opportunity.taxonomy import TAXONOMY
from opportunity.text.prepare import prepare

messages = st.lists(st.lists(st.sampled_from(WORDS[4:]), max_size=30).map(" ".join), min_size=1, max_size=6)


@settings(deadline=None)
@given(messages)
def test_a_messages_votes_add_up_to_its_log_odds(texts):
    many = READER.score(texts).logits
    for text, logits in zip(texts, many, strict=True):
        assert READER.votes(text).logits == pytest.approx(logits, abs=1e-4)


@settings(deadline=None)
@given(messages, st.randoms())
def test_order_and_company_of_messages_do_not_matter(texts, chance):
    order = list(range(len(texts)))
    chance.shuffle(order)
    straight = READER.score(texts).logits
    assert READER.score([texts[i] for i in order]).logits == pytest.approx(straight[order], abs=1e-4)
    assert READER.score(texts[:1]).logits[0] == pytest.approx(straight[0], abs=1e-4)


def test_votes_stand_where_their_words_stand():
    text = "my parcels is  late"
    votes = READER.votes(text)
    assert [text[a:b] for a, b in votes.spans] == ["my", "parcel", "s", "is", "late"]
    assert votes.known_share == 3 / 4


@settings(deadline=None)
@given(st.lists(st.sampled_from(["parcels", "my", "refunds,", "late's", "parcelss!"]), min_size=1, max_size=20))
def test_evidence_is_quoted_in_whole_words_however_the_reader_splits_them(words):
    text = " ".join(words)
    for label in TAXONOMY["opportunity"].names[:4]:
        for quote in find_evidence(prepare(text), READER.votes(text), Labels(opportunity=(label,))):
            assert not re.search(r"\w\Z", text[: quote.start]) or not re.match(r"\w", quote.quote)
            assert not re.search(r"\w\Z", quote.quote) or not re.match(r"\w", text[quote.end :])


def test_an_empty_message_is_read():
    assert READER.votes("").known_share is None
    assert len(READER.votes("").spans) == 0


def test_a_long_message_is_read_up_to_its_cap():
    assert len(READER.votes("late " * 10_000).spans) == MOST_TOKENS - 2


def test_weights_come_back_as_near_as_whole_numbers_keep_them():
    weights, again = small_weights(), read_weights(GRAPH)
    assert again.keys() == weights.keys()
    for name, weight in weights.items():
        assert np.abs(again[name] - weight).max() <= np.abs(weight).max() / MOST


def test_a_matrix_comes_back_from_the_blocks_that_the_first_readers_had():
    from onnx import helper, numpy_helper

    scales = np.array([0.5, 2, 1, 3], np.float32)
    blocks = np.full((2, 2, 128), 128, np.uint8)
    blocks[0, 1, 0], blocks[1, 0, 127] = 129, 126
    held = [numpy_helper.from_array(blocks, "a.weight.q"), numpy_helper.from_array(scales, "a.weight.s")]
    graph = helper.make_model(helper.make_graph([], "reader", [], [], held))
    (name, weight), *_ = read_weights(graph.SerializeToString()).items()
    assert (name, weight.shape) == ("a.weight", (2, 256))
    assert (weight[0, 128], weight[1, 127], np.count_nonzero(weight)) == (2, -2, 2)


def test_no_sum_of_two_products_of_whole_numbers_leaves_sixteen_bits():
    """Where a processor adds two in 16 bits and one does not, both must come to the same answer."""
    import onnx
    from onnx import numpy_helper

    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(GRAPH).graph.initializer}
    matrices = [value for name, value in held.items() if name.startswith("encoder") and name.endswith(".q")]
    assert matrices
    assert all(2 * 255 * int(np.abs(matrix.astype(int)).max()) < 2**15 for matrix in matrices)


def test_neither_padding_nor_company_changes_an_answer():
    """Not in the last digit of a vote, for what is made whole numbers of it would carry a difference on."""
    ids, mask = np.array([[2, 4, 5, 6, 7, 3]]), np.ones((1, 6), np.int64)
    alone = READER._session.run(["votes"], {"input_ids": ids, "attention_mask": mask})[0][0]
    ids, mask = (np.pad(given, ((0, 2), (0, 3))) for given in (ids, mask))
    ids[1:, :8] = mask[1:, :8] = 1
    among = READER._session.run(["votes"], {"input_ids": ids, "attention_mask": mask})[0][0]
    assert np.array_equal(among[:6], alone)


def test_writing_twice_gives_the_same_bytes():
    assert write_graph(small_weights(), SHAPE) == GRAPH


def test_a_readers_folder_is_loaded_the_same(tmp_path):
    save_model(READER, tmp_path, trained={}, figures={})
    again = load_model(tmp_path)
    texts = ["my parcel is late", "refund please"]
    assert np.array_equal(again.score(texts).logits, READER.score(texts).logits)


@pytest.mark.parametrize("name", ["reader.onnx", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"{}", GRAPH[:1000]], ids=["no", "pickle", "json", "cut"])
def test_what_is_no_reader_is_refused(name, content):
    files = {**READER.to_files(), name: content}
    with pytest.raises(ModelCorruptError, match="install the model again"):
        Reader.from_files(files, INFO, Calibration.plain())


def test_a_graph_of_another_form_is_refused():
    import onnx

    model = onnx.load_from_string(GRAPH)
    del model.graph.output[2]
    with pytest.raises(ModelCorruptError, match="must give logits, votes and intercept"):
        Reader.build(model.SerializeToString(), small_tokenizer(), INFO, Calibration.plain())


def test_a_graph_that_answers_other_labels_is_refused():
    weights = small_weights()
    weights |= {name: weights[name][:-1] for name in ("head.weight", "head.bias")}
    narrow = write_graph(weights, Shape(1, 4, MOST_TOKENS))
    with pytest.raises(
        ModelCorruptError, match=f"must give logits, votes and intercept of {len(COLUMNS)} columns and marks"
    ):
        Reader.build(narrow, small_tokenizer(), INFO, Calibration.plain())


def test_auto_needs_a_reader_that_hears_a_table():
    with pytest.raises(ModelFormatError, match="auto needs a reader that hears a table"):
        Auto.of(READER)


@pytest.fixture(scope="module")
def joint(classifier) -> Joint:
    table = Table.fold(classifier, ModelInfo("table", "test"))
    share = {head: 0.1 * place for place, head in enumerate(SLICES)}
    return Joint(READER, table, share, replace(Calibration.plain(), sure=0.7))


@pytest.fixture
def joined(joint, tmp_path) -> Path:
    """A reader's folder with the folder of the table that it hears beside it."""
    save_model(joint.table, tmp_path / "table", trained={}, figures={})
    save_model(joint, tmp_path / "reader", trained={}, figures={})
    return tmp_path / "reader"


def change(folder: Path, **values) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_reader_is_loaded_alone_without_the_table_that_it_hears(joined):
    (joined.parent / "table" / "manifest.json").unlink()
    assert np.array_equal(load_model(joined, alone=True).score(["late"]).logits, READER.score(["late"]).logits)


def spoilt_tables() -> dict[str, bytes | None]:
    return {"none": None, "no JSON": b"{", "of the future": b'{"format": 99}'}


def test_auto_lets_the_joined_reader_answer_where_the_table_is_unsure(joint, complaints):
    auto = Auto.of(joint)
    table, both = joint.table.read_many(complaints).probability, joint.read_many(complaints).probability
    sure = table[:, SLICES["opportunity"]].max(axis=1) >= 0.7
    said = auto.read_many(complaints).probability
    assert np.array_equal(said[sure], table[sure])
    assert said[~sure] == pytest.approx(both[~sure], abs=1e-5)


@pytest.mark.parametrize(
    "wrap", [lambda joint: joint.reader, lambda joint: joint, Auto.of], ids=["reader", "joint", "auto"]
)
def test_messages_read_side_by_side_are_read_as_one_at_a_time(joint, complaints, wrap):
    model = wrap(joint)
    for text, (probability, votes) in zip(complaints, side_by_side(model.read, complaints), strict=True):
        alone = model.read(text)
        assert np.array_equal(probability, alone.probability)
        assert np.array_equal(votes.contributions, alone.votes.contributions)


@pytest.fixture(scope="module")
def shipped_reader():
    if not shipped("reader").is_dir():
        pytest.skip("no reader is shipped yet")
    return opportunity.load("reader", facts=False)


def test_the_shipped_reader_is_what_load_gives(shipped_reader):
    assert opportunity.load(facts=False).model_info == shipped_reader.model_info
    assert json.loads((shipped("reader") / "manifest.json").read_text())["kind"] == "reader"


def test_auto_answers_as_the_table_where_it_is_sure_and_as_the_reader_elsewhere(shipped_reader, complaints):
    auto = opportunity.load("auto", facts=False).model
    said = auto.read_many(complaints).probability
    table, reader = (model.read_many(complaints).probability for model in (auto.joint.table, auto.joint))
    sure = table[:, SLICES["opportunity"]].max(axis=1) >= auto.calibration.sure
    assert np.allclose(said[sure], table[sure], atol=1e-5)
    assert np.allclose(said[~sure], reader[~sure], atol=1e-4)
    for text, probability in zip(complaints, said, strict=True):
        assert auto.read(text).probability == pytest.approx(probability, abs=1e-4)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_the_shipped_reader_reads_any_text(shipped_reader, text):
    suggestion = shipped_reader(text)
    for quote in suggestion.evidence:
        assert text[quote.start : quote.end] == quote.quote != ""
