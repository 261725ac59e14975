"""What must not change an answer and what must, in the manner of CheckList (Ribeiro et al. 2020).

The messages and what is put into them stand in ``behaviour.toml``.
"""

import random
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import opportunity
from opportunity.model.columns import COLUMNS, SLICES
from opportunity.model.store import shipped

CASES = tomllib.loads((Path(__file__).parent / "behaviour.toml").read_text(encoding="utf-8"))
MESSAGES = CASES["messages"]
MODELS = ("table", "reader")
LEAST_LETTERS = 5
"""Of a word that gets a typo."""

MOST_CHANGED = {
    "names": 0.005,
    "numbers": 0.005,
    "cities": 0.02,
    "greetings": 0.02,
    "signatures": 0.02,
    "letter_case": 0.02,
    "typo": 0.02,
}
LEAST_RAISED = 0.95

SLOTS = {"name": "names", "city": "cities", "number": "numbers"}
"""A message's places, and the lists of what is put there; the first is in `BASE`."""


def filled(message: str, **given: str) -> str:
    return message.format(**{slot: CASES[values][0] for slot, values in SLOTS.items()} | given)


BASE = [filled(message) for message in MESSAGES]


def refilled(slot: str) -> list[list[str]]:
    return [[filled(message, **{slot: value}) for message in MESSAGES] for value in CASES[SLOTS[slot]][1:]]


def with_typo(text: str, seed: str) -> str:
    """Swap two neighbouring letters inside one plain word."""
    choose = random.Random(seed)
    words = text.split(" ")
    at = choose.choice([i for i, w in enumerate(words) if w.isalpha() and w.islower() and len(w) >= LEAST_LETTERS])
    word = words[at]
    i = choose.randrange(1, len(word) - 2)
    words[at] = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return " ".join(words)


CHANGES: dict[str, Callable[[], list[list[str]]]] = {
    "names": lambda: refilled("name"),
    "cities": lambda: refilled("city"),
    "numbers": lambda: refilled("number"),
    "greetings": lambda: [[greeting + text for text in BASE] for greeting in CASES["greetings"]],
    "signatures": lambda: [[text + signature for text in BASE] for signature in CASES["signatures"]],
    "letter_case": lambda: [[change(text) for text in BASE] for change in (str.upper, str.lower, str.title)],
    "typo": lambda: [[with_typo(text, f"{turn}-{i}") for i, text in enumerate(BASE)] for turn in range(5)],
}
"""For each kind, the messages changed: as many lists as there are ways, each as long as `BASE`."""


@cache
def probabilities(model: str, texts: tuple[str, ...]) -> np.ndarray:
    if not shipped(model).is_dir():
        pytest.skip(f"models/{model} is not there")
    batch = loaded(model).score_batch(pa.RecordBatch.from_pydict({"text": pa.array(texts)}))
    return batch.column("probabilities").flatten().to_numpy().reshape(len(texts), -1)


@cache
def loaded(model: str) -> opportunity.Triage:
    return opportunity.load(model, facts=False)


def primaries(model: str, texts: list[str]) -> np.ndarray:
    return probabilities(model, tuple(texts))[:, SLICES["opportunity"]].argmax(axis=1)


def test_there_are_enough_messages_of_each_kind():
    assert len(set(MESSAGES)) == len(MESSAGES) >= 25
    assert all(f"{{{slot}}}" in message for message in MESSAGES for slot in SLOTS)


@pytest.mark.parametrize("kind", MOST_CHANGED)
@pytest.mark.parametrize("model", MODELS)
def test_what_does_not_matter_does_not_change_the_primary_opportunity(model, kind):
    before = primaries(model, BASE)
    changed = np.concatenate([primaries(model, texts) != before for texts in CHANGES[kind]()])
    assert changed.mean() <= MOST_CHANGED[kind], f"{changed.mean():.1%} of {len(changed)} changed"


@pytest.mark.parametrize(
    ("sentence", "label"), [(a["sentence"], label) for a in CASES["additions"] for label in a["labels"]]
)
@pytest.mark.parametrize("model", MODELS)
def test_an_added_sentence_makes_its_label_likelier(model, sentence, label):
    column = COLUMNS.index(tuple(label.split(":")))
    before = probabilities(model, tuple(BASE))[:, column]
    ways = ([f"{text} {sentence}" for text in BASE], [f"{sentence} {text}" for text in BASE])
    raised = np.concatenate([probabilities(model, tuple(texts))[:, column] > before for texts in ways])
    assert raised.mean() >= LEAST_RAISED, f"raised in {raised.mean():.1%} of {len(raised)}"
