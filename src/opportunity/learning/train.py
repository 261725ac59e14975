"""Labelled rows to a table: cross-validation, calibration, folding, card."""

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold

from opportunity.errors import DataError
from opportunity.learning.card import write_card
from opportunity.learning.datasets import LabelledRow, apart, domains, fingerprint, groups, need_enough, prepared_texts
from opportunity.learning.evaluate import Evaluation, measure
from opportunity.model.calibration import Calibration
from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import COLUMNS
from opportunity.model.cues import shipped_cues
from opportunity.model.store import Manifest, save_model, shipped
from opportunity.model.table import Table
from opportunity.model.vectors import WordVectors
from opportunity.records import ModelInfo

__all__ = ["Training", "cross_validate", "default_classifier", "train"]

NOT_SETTINGS = ("vectors", "cues", "n_jobs")
LIBRARIES = ("numpy", "pyarrow", "safetensors", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True)
class Training:
    """What came of a training.

    Attributes
    ----------
    folder : Path
        The model folder.
    manifest : Manifest
    evaluation : Evaluation
        On rows that the answering model had not been taught, by cross-validation.
    measured : sequence of LabelledRow
        Those rows.
    probability : ndarray of float32, shape (n_measured, n_columns)
        What was answered to them.
    """

    folder: Path
    manifest: Manifest
    evaluation: Evaluation
    measured: Sequence[LabelledRow] = field(repr=False)
    probability: NDArray[np.float32] = field(repr=False)


def default_classifier(*, random_state: int = 0, n_jobs: int | None = None) -> OpportunityClassifier:
    """Return the classifier that the shipped table is trained with.

    Parameters
    ----------
    random_state : int
    n_jobs : int or None

    Returns
    -------
    OpportunityClassifier
        Not fitted.
    """
    vectors = WordVectors.read(shipped("vectors-en"))
    return OpportunityClassifier(vectors, shipped_cues(), random_state=random_state, n_jobs=n_jobs)


def train(
    rows: Sequence[LabelledRow],
    folder: str | Path,
    *,
    classifier: OpportunityClassifier | None = None,
    name: str = "table",
    model_version: str = "1",
    folds: int = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> Training:
    """Train a table and write its folder.

    Parameters
    ----------
    rows : sequence of LabelledRow
        At least 50.
    folder : str or Path
        Where the model goes.
    classifier : OpportunityClassifier or None
        Not fitted; None takes `default_classifier`.
    name, model_version : str
        How the model calls itself.
    folds : int
        Of the cross-validation that calibrates and measures; a domain is never on both sides of it, unless the rows
        are of fewer domains than folds.
    random_state : int
    n_jobs : int or None
        Processes, as joblib counts them.

    Returns
    -------
    Training

    Raises
    ------
    DataError
        If there are too few rows, altogether or for so many folds.
    """
    need_enough(rows)
    classifier = classifier or default_classifier(random_state=random_state, n_jobs=n_jobs)
    texts = prepared_texts(rows).to_pylist()
    labels = [row.labels for row in rows]
    unseen = cross_validate(classifier, texts, rows, folds=folds, random_state=random_state)
    judging = np.flatnonzero(apart(rows))
    judged = [rows[i] for i in judging.tolist()]
    told = [row.labels for row in judged]
    calibration = Calibration.fit(unseen[judging], told, domains(judged, at_least=folds))
    probability = calibration.probabilities(unseen)
    evaluation = measure(probability[judging], told, calibration)
    fitted = clone(classifier).fit(texts, labels)
    fitted.calibration_ = calibration
    table = Table.fold(fitted, ModelInfo(name, model_version))
    settings = {key: value for key, value in classifier.get_params().items() if key not in NOT_SETTINGS}
    trained = {
        "rows": len(rows),
        "fingerprint": fingerprint(rows),
        "folds": folds,
        "settings": settings,
        "libraries": {library: version(library) for library in LIBRARIES},
        "python": platform.python_version(),
    }
    figures = {"cross_validation": evaluation.to_dict()}
    manifest = save_model(table, Path(folder), trained=trained, figures=figures)
    write_card(Path(folder), manifest)
    return Training(Path(folder), manifest, evaluation, rows, probability)


def cross_validate(
    classifier: OpportunityClassifier,
    texts: Sequence[str],
    rows: Sequence[LabelledRow],
    *,
    folds: int = 5,
    random_state: int = 0,
) -> NDArray[np.float32]:
    """Return log-odds for every row from a classifier that was not taught the row.

    Parameters
    ----------
    classifier : OpportunityClassifier
        Not fitted.
    texts : sequence of str
        The rows' prepared texts.
    rows : sequence of LabelledRow
    folds : int
    random_state : int

    Returns
    -------
    ndarray of float32, shape (n_rows, n_columns)

    Raises
    ------
    DataError
        If there are too few rows for so many folds.
    """
    out = np.zeros((len(rows), len(COLUMNS)), np.float32)
    primary = [row.labels.opportunity[0] for row in rows]
    if folds > (most := max(Counter(primary).values())):
        raise DataError(f"{folds} folds are too many: no opportunity has more than {most} rows; take fewer folds")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=random_state)
    for taught, held in _splits(splitter, primary, groups(rows, at_least=folds)):
        fitted = clone(classifier).fit([texts[i] for i in taught], [rows[i].labels for i in taught])
        out[held] = fitted.decision_function([texts[i] for i in held])
    return out


def _splits(splitter: Any, primary: Sequence[str], group: Sequence[str]) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # a rare label in few groups
        yield from splitter.split(np.zeros(len(primary)), primary, group)
