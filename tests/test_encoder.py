"""The encoder that is taught is the one that is written, and its dropout ends with the teaching."""

import numpy as np
import pytest
from reader_support import READER, SHAPE, small_tokenizer, small_weights
from tokenizers import Tokenizer

from opportunity.model.columns import COLUMNS, FACTS

torch = pytest.importorskip("torch", reason="training a reader needs the extra train-reader")

from opportunity.learning.auxiliary import UNTOLD, Tasks  # noqa: E402
from opportunity.learning.encoder import Encoder, _Dropout  # noqa: E402  # imports torch
from opportunity.learning.fine_tune import _heads_loss, _padded, _tasks_loss  # noqa: E402

TEXTS = ["my parcel is late again", "refund please", "parcels"]


def batch() -> tuple:
    encoder = Tokenizer.from_str(small_tokenizer().decode())
    return _padded([encoder.encode(text).ids for text in TEXTS])


def encoder(dropout: float = 0.5) -> Encoder:
    return Encoder(small_weights(), SHAPE, len(COLUMNS), len(FACTS), dropout)


def test_it_gives_the_log_odds_of_the_graph_as_near_as_eight_bits_keep_them():
    with torch.no_grad():
        logits, marks = (said.numpy() for said in encoder().eval()(*batch()))
    written = READER.score(TEXTS).logits
    assert np.abs(logits - written).max() < 0.05 * np.abs(written).max()
    marked = READER.votes(TEXTS[0]).marks.strength
    assert np.abs(marks[0, 1:6] - marked).max() < 0.05 * np.abs(marked).max()


def test_dropout_is_off_where_the_encoder_answers_and_on_where_it_is_taught():
    model = encoder()
    with torch.no_grad():
        assert torch.equal(model.eval()(*batch())[0], model(*batch())[0])
        assert not torch.equal(model.train()(*batch())[0], model(*batch())[0])
        assert torch.equal(encoder(0).train()(*batch())[0], model.eval()(*batch())[0])


def test_dropout_keeps_the_mean_drops_its_share_and_repeats_itself_by_its_seed():
    ones, dropout = torch.ones(100_000), _Dropout(0.25).train()
    torch.manual_seed(1)
    once = dropout(ones)
    torch.manual_seed(1)
    assert torch.equal(dropout(ones), once)
    assert float((once == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(once.mean()) == pytest.approx(1, abs=0.01)


def test_the_weights_come_back_under_the_names_of_the_graph():
    weights, again = small_weights(), encoder().to_weights()
    assert again.keys() == weights.keys()
    assert all(np.array_equal(again[name], weight) for name, weight in weights.items())


def test_the_loss_falls_where_the_truth_is_said():
    truth = np.zeros((1, len(COLUMNS)), np.float32)
    loss = _heads_loss(truth, [None])
    assert loss(torch.full((1, len(COLUMNS)), -5.0), None, [0]) < loss(torch.full((1, len(COLUMNS)), 5.0), None, [0])


def test_a_fact_that_is_marked_where_it_stands_costs_least_and_one_that_nobody_looked_for_nothing():
    marked = np.zeros((2, len(FACTS)), bool)
    marked[1, 0] = True
    loss = _heads_loss(np.zeros((2, len(COLUMNS)), np.float32), [marked, None])
    logits, right = torch.zeros((2, len(COLUMNS))), torch.full((2, 3, len(FACTS)), -9.0)
    right[0, 1, 0] = 9.0
    nowhere = torch.full((2, 3, len(FACTS)), -9.0)
    assert loss(logits, right, [0, 1]) < loss(logits, nowhere, [0, 1])
    assert loss(logits[1:], right[1:], [1]) == loss(logits[1:], -right[1:], [1])


def test_a_task_that_says_nothing_of_a_text_costs_nothing():
    answers = np.array([[0, UNTOLD], [UNTOLD, UNTOLD]])
    loss = _tasks_loss(Tasks(["a", "b"], answers, {"theme": ["care", "price"], "rating": ["1", "2", "3"]}))
    logits = torch.tensor([[9.0, -9.0, 1.0, 2.0, 3.0]])
    assert float(loss(logits, None, [0])) == pytest.approx(0, abs=1e-4)
    assert float(loss(-logits, None, [0])) > 10
    assert float(loss(logits, None, [1])) == 0
