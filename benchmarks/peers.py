"""The tools that ours is measured beside: each trained on the primary opportunity of the same rows.

A peer that is not installed is `None`, and the benchmark says which command installs it.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.taxonomy import TAXONOMY

__all__ = [
    "FASTTEXT",
    "LABELS",
    "PEERS",
    "ROOT",
    "SHARED",
    "SPACY",
    "Peer",
    "TrainedPeer",
    "corpus",
    "one_line",
    "primaries",
]

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
LABELS = TAXONOMY["opportunity"].names

Predict = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to one probability per opportunity, shape (n_texts, n_opportunities)."""


@dataclass(frozen=True)
class TrainedPeer:
    """A peer that has learned: `predict` for its answers, `answer` for the fastest way to get them."""

    predict: Predict
    answer: Callable[[Sequence[str]], Any]


@dataclass(frozen=True)
class Peer:
    """A tool, the package that it comes in, and how it learns."""

    name: str
    module: str
    package: str
    train: Callable[..., TrainedPeer]

    @property
    def missing(self) -> str | None:
        """What to type when the tool is not installed."""
        return None if find_spec(self.module) else f"not installed: pip install {self.package}"


def corpus() -> list[LabelledRow]:
    """The project's own labelled messages."""
    return read_rows([ROOT / "data" / "complaints.jsonl"])


def primaries(rows: Sequence[LabelledRow]) -> list[str]:
    """The first opportunity of each row."""
    return [row.labels.opportunity[0] for row in rows]


def one_line(text: str) -> str:
    """A text without line ends, which fastText takes for the end of a message."""
    return " ".join(text.split())


def train_sklearn(texts: Sequence[str], labels: Sequence[str]) -> TrainedPeer:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    pipeline = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=200, tol=1e-3)).fit(texts, labels)
    places = [LABELS.index(label) for label in pipeline.classes_]

    def predict(asked: Sequence[str]) -> NDArray[np.float32]:
        out = np.zeros((len(asked), len(LABELS)), np.float32)
        out[:, places] = pipeline.predict_proba(asked)
        return out

    return TrainedPeer(predict, pipeline.predict_proba)


def train_fasttext(texts: Sequence[str], labels: Sequence[str], epochs: int = 25) -> TrainedPeer:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.txt"
        lines = (f"__label__{label} {one_line(text)}\n" for label, text in zip(labels, texts, strict=True))
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(path), wordNgrams=2, epoch=epochs, lr=0.5, bucket=200_000, thread=2, verbose=0
        )

    def predict(asked: Sequence[str]) -> NDArray[np.float32]:
        out = np.zeros((len(asked), len(LABELS)), np.float32)
        ranked, _ = model.predict([one_line(text) for text in asked], k=-1)  # its many probabilities are all the first
        for row, names in enumerate(ranked):
            out[row, [LABELS.index(name.removeprefix("__label__")) for name in names]] = 1 / np.arange(
                1, len(names) + 1
            )
        return out

    return TrainedPeer(predict, lambda asked: model.predict(list(asked), k=1))


def train_spacy(texts: Sequence[str], labels: Sequence[str], epochs: int = 3) -> TrainedPeer:
    import spacy
    from spacy.training import Example

    nlp = spacy.blank("en")
    bag: dict[str, Any] = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": False,
        "ngram_size": 2,
        "length": 262_144,
        "no_output_layer": False,
    }
    categories = nlp.add_pipe("textcat_multilabel", config={"model": bag})
    for label in LABELS:
        categories.add_label(label)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in LABELS}})
        for text, label in zip(texts, labels, strict=True)
    ]
    optimizer = nlp.initialize(lambda: examples[:50])
    random = Random(0)
    for _ in range(epochs):
        random.shuffle(examples)
        for start in range(0, len(examples), 128):
            nlp.update(examples[start : start + 128], sgd=optimizer)

    def predict(asked: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[doc.cats[name] for name in LABELS] for doc in nlp.pipe(asked)], np.float32)

    return TrainedPeer(predict, lambda asked: list(nlp.pipe(asked)))


SKLEARN = Peer("scikit-learn tf-idf + logistic regression", "sklearn", "scikit-learn", train_sklearn)
FASTTEXT = Peer("fastText, words and pairs", "fasttext", "fasttext-wheel", train_fasttext)
SPACY = Peer("spaCy bag of words", "spacy", "spacy", train_spacy)
PEERS = (SKLEARN, FASTTEXT, SPACY)
