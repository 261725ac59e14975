"""The folded table and its calibration: the same answers as the estimator, votes that add up."""

import numpy as np
import pyarrow as pa
import pytest
from conftest import ROOT, shared
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from opportunity.learning.datasets import prepared_texts, read_json_lines, read_rows
from opportunity.learning.train import default_classifier
from opportunity.model.calibration import Calibration, calibration_error, labels_at
from opportunity.model.columns import COLUMNS, SLICES, targets
from opportunity.model.table import Table
from opportunity.records import Labels, ModelInfo
from opportunity.taxonomy import TAXONOMY
from opportunity.text.prepare import prepare_batch

INFO = ModelInfo("table", "test")
probabilities = st.lists(st.floats(0, 1, width=32), min_size=len(COLUMNS), max_size=len(COLUMNS)).map(np.float32)


@pytest.fixture(scope="module")
def calibrated(classifier, small):
    logits = classifier.decision_function([row.text for row in small])
    classifier.calibration_ = Calibration.fit(logits, [row.labels for row in small])
    return classifier


@pytest.fixture(scope="module")
def table(calibrated):
    return Table.fold(calibrated, INFO)


def test_the_folded_table_gives_the_estimators_probabilities(corpus, small):
    """With the shipped vectors and cues, on messages that are mostly not taught."""
    with threadpool_limits(1):  # more threads only wait for one another where the machine is busy
        fitted = default_classifier().set_params(max_iter=50)
        fitted.fit(prepared_texts(small), [row.labels for row in small])
    folded = Table.fold(fitted, INFO)
    texts = prepared_texts(corpus[:: len(corpus) // 1000])
    assert len(texts) >= 1000
    assert folded.vocabulary.count(texts).cues.nnz > 0
    ours = folded.calibration.probabilities(folded.score(texts).logits)
    theirs = fitted.calibration.probabilities(fitted.decision_function(texts))
    assert np.abs(ours - theirs).max() < 1e-5


def test_a_messages_votes_add_up_to_its_log_odds(table, complaints):
    many = table.score(complaints).logits
    for text, logits in zip(complaints, many, strict=True):
        assert table.votes(text).logits == pytest.approx(logits, abs=1e-4)


def test_votes_stand_where_their_words_stand(table, complaints):
    for text in complaints:
        for start, end in table.votes(text).spans:
            assert text[start:end].strip() == text[start:end] != ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.text(max_size=80), max_size=6))
def test_one_message_and_many_are_read_alike(table, texts):
    many = table.read_many(texts)
    for text, probability, known in zip(texts, *many, strict=True):
        one, votes = table.read(text)
        assert one == pytest.approx(probability, abs=1e-4)
        assert (votes.known_share is None) == np.isnan(known)
        assert votes.known_share is None or votes.known_share == pytest.approx(known, abs=1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.text(max_size=80), min_size=2, max_size=8), seed=st.randoms())
def test_order_and_company_of_messages_do_not_matter(table, texts, seed):
    order = list(range(len(texts)))
    seed.shuffle(order)
    straight = table.read_many(texts).probability
    shuffled = table.read_many([texts[i] for i in order]).probability
    assert np.array_equal(shuffled, straight[order])


@given(probabilities, st.floats(0, 1), st.floats(0, 1))
def test_raising_a_threshold_never_adds_a_label(probability, one, other):
    low, high = sorted((one, other))
    few, many = (_choose(probability, threshold) for threshold in (high, low))
    for head in ("failure", "opportunity", "help", "flags"):
        assert set(getattr(few, head)) <= set(getattr(many, head))
    assert few.opportunity[0] == many.opportunity[0]


def _choose(probability, threshold) -> Labels:
    calibration = _calibration(threshold=threshold)
    return labels_at(calibration.choose(probability[None, :]), 0)


def _calibration(threshold: float = 0.5, **values) -> Calibration:
    plain = {
        "temperature": dict.fromkeys(("kind", "failure", "opportunity", "urgency", "heat"), 1.0),
        "slope": {"help": 1.0, "flags": 1.0},
        "offset": {"help": 0.0, "flags": 0.0},
        "threshold": {"help": threshold, "flags": threshold},
        "second": {"failure": threshold, "opportunity": threshold},
        "cuts": {"urgency": [0.5, 1.5, 2.5], "heat": [0.5, 1.5]},
        "speak": 0.0,
        "margin": 0.0,
    }
    return Calibration(**plain | values)


@given(probabilities, st.floats(0, 1))
def test_what_is_chosen_follows_the_guide(probability, threshold):
    chosen = _choose(probability, threshold)
    places = [TAXONOMY["opportunity"].index[label] for label in chosen.opportunity]
    assert places == sorted(set(places))
    assert 1 <= len(places) <= 3
    assert "none_clear" not in chosen.opportunity[1:]
    assert chosen.opportunity[0] != "none_clear" or len(chosen.opportunity) == 1
    assert len(set(chosen.failure)) == len(chosen.failure) <= 3
    assert len(set(chosen.help)) == len(chosen.help) <= 4


@given(st.lists(st.floats(-50, 50, width=32), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_probabilities_are_between_nought_and_one_and_heads_sum_to_one(logits):
    probability = _calibration().probabilities(np.float32([logits]))
    assert np.isfinite(probability).all()
    assert ((probability >= 0) & (probability <= 1)).all()
    assert probability[0, SLICES["opportunity"]].sum() == pytest.approx(1, abs=1e-5)


def test_no_failure_is_told_by_the_extra_column():
    logits = np.zeros((1, len(COLUMNS)), np.float32)
    logits[0, SLICES["failure"].stop - 1] = 5
    assert labels_at(_calibration().choose(_calibration().probabilities(logits)), 0).failure == ()


def test_low_probability_and_narrow_margin_silence_the_model():
    probability = np.zeros((2, len(COLUMNS)), np.float32)
    probability[:, SLICES["kind"].start] = 1
    first = SLICES["opportunity"].start
    probability[0, first : first + 2] = 0.3, 0.2
    probability[1, first : first + 2] = 0.52, 0.48
    assert _calibration(speak=0.5, margin=0.1).abstentions(probability) == ["low_probability", "narrow_margin"]
    assert _calibration().abstentions(probability) == [None, None]


def test_a_request_is_not_a_complaint():
    probability = np.zeros((1, len(COLUMNS)), np.float32)
    probability[0, SLICES["kind"].start + TAXONOMY["kind"].index["request"]] = 1
    assert _calibration().abstentions(probability) == ["not_a_complaint"]


def test_calibration_makes_an_overconfident_model_modest():
    rng = np.random.default_rng(0)
    rows = [
        Labels("complaint", ("other",), (TAXONOMY["opportunity"].names[i],), ("explain",), "soon", "calm")
        for i in rng.integers(0, 10, 500)
    ]
    logits = targets(rows) * 20
    wrong = rng.permutation(500)[:200]
    logits[wrong] = logits[rng.permutation(wrong)]
    calibration = Calibration.fit(logits, rows)
    assert calibration.temperature["opportunity"] > 2
    part = calibration.probabilities(logits)[:, SLICES["opportunity"]]
    right = part.argmax(axis=1) == targets(rows)[:, SLICES["opportunity"]].argmax(axis=1)
    assert calibration_error(part.max(axis=1), right) < 0.1


def test_sureness_and_silence_are_fitted_on_the_domains_that_are_hard_to_read():
    rng = np.random.default_rng(0)
    names = TAXONOMY["opportunity"].names[:10]
    rows = [
        Labels("complaint", ("other",), (names[i],), ("explain",), "soon", "calm") for i in rng.integers(0, 10, 600)
    ]
    domains = ["easy", "hard"] * 300
    sureness = rng.uniform(1, 5, 600)
    logits = (targets(rows) * sureness[:, None]).astype(np.float32)
    wrong = [i for i, domain in enumerate(domains) if domain == "hard" and sureness[i] < 3]
    logits[wrong] = logits[rng.permutation(wrong)]
    with_all, with_hard = Calibration.fit(logits, rows), Calibration.fit(logits, rows, domains)
    columns = SLICES["opportunity"]
    right = (logits[:, columns].argmax(axis=1) == targets(rows)[:, columns].argmax(axis=1))[1::2]
    sure_with_all, sure = (c.probabilities(logits)[1::2, columns].max(axis=1) for c in (with_all, with_hard))
    assert calibration_error(sure, right) < calibration_error(sure_with_all, right)
    assert right[sure_with_all >= with_all.speak].mean() < 0.8
    assert right[sure >= with_hard.speak].mean() >= 0.8
    assert 0 < (sure >= with_hard.speak).mean() < (sure_with_all >= with_all.speak).mean()


def test_a_calibration_survives_its_dict():
    assert Calibration.from_dict(_calibration().to_dict()) == _calibration()


def test_targets_share_a_ranked_heads_distribution():
    row = Labels("complaint", (), ("make_whole", "fix_the_cause"), ("explain",), "soon", "calm", ("exit",))
    truth = targets([row])[0]
    assert truth[SLICES["opportunity"]].max() == pytest.approx(0.8)
    assert truth[SLICES["opportunity"]].sum() == pytest.approx(1)
    assert truth[SLICES["failure"].stop - 1] == 1


def test_figures_are_those_of_the_projects_gold_score(table, small):
    import importlib.util

    from opportunity.learning.evaluate import evaluate

    spec = importlib.util.spec_from_file_location("gold_score", shared("tools/gold_score.py"))
    gold_score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gold_score)
    texts = prepare_batch(pa.array([row.text for row in small], pa.large_string()))
    probability = table.read_many(texts).probability
    places = table.calibration.choose(probability)
    said = {}
    for i, row in enumerate(small):
        order = np.argsort(-probability[i, SLICES["opportunity"]], kind="stable")
        ranked = [{"label": TAXONOMY["opportunity"].names[k], "probability": 0} for k in order]
        said[row.id] = {"opportunity": ranked, "chosen": labels_at(places, i).to_dict()}
    gold = {row.id: {"id": row.id, **row.labels.to_dict()} for row in small}
    theirs = gold_score.figures(gold, said)
    ours = evaluate(table, small).figures
    assert {name: theirs[name] for name in ours} == pytest.approx(ours, abs=1e-9)


def test_no_row_that_judges_is_in_any_training_file():
    ours = {" ".join(str(row.get("text", "")).lower().split()) for _, row in _training_rows()}
    judging = [" ".join(text.lower().split()) for text in _judging_texts()]
    assert [text for text in judging if text in ours] == []


def _judging_texts():
    """The development gold set, and the messages of the backlog that two readers labelled."""
    yield from (row["text"] for _, row in read_json_lines(shared("data/gold_dev.jsonl")))
    labels = ROOT / "data" / "labels_backlog.jsonl"
    yield from (row.text for row in read_rows([labels], texts=[shared("data/backlog.parquet")]))


def _training_rows():
    pool = {row["id"]: row["text"] for _, row in read_json_lines(shared("data/open_pool.jsonl"))}
    yield from read_json_lines(ROOT / "data" / "complaints.jsonl")
    yield from read_json_lines(shared("data/open_train.jsonl"))
    labels = ROOT / "data" / "labels_open.jsonl"
    for number, row in read_json_lines(labels) if labels.exists() else ():
        yield number, {"text": pool[row["id"]]}
