"""`OpportunityClassifier`: a scikit-learn estimator over texts that answers every head at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from opportunity.model.calibration import Calibration, labels_at
from opportunity.model.columns import COLUMNS, EXCLUSIVE, INDEPENDENT, SLICES, targets
from opportunity.model.cues import Cues
from opportunity.model.features import Vocabulary
from opportunity.model.vectors import WordVectors
from opportunity.records import Labels
from opportunity.taxonomy import HEADS, TAXONOMY

__all__ = ["OpportunityClassifier"]

Matrix = NDArray[np.float32]


class OpportunityClassifier(ClassifierMixin, BaseEstimator):
    """Answer all heads from n-grams, cues and the mean of word vectors, linearly.

    One logistic regression per exclusive head and per independent label. A ranked head is taught a distribution:
    the primary label most of it, the further ones the rest.

    Parameters
    ----------
    vectors : WordVectors or None
        Static word vectors; None uses none.
    cues : Cues or None
        Cues to look for, as `opportunity.model.cues.shipped_cues` gives them; None uses none.
    C : float
        Inverse strength of regularisation.
    ngram_weight, cue_weight, vector_weight : float
        How strongly the parts weigh against each other.
    min_messages : int
        Fewest distinct messages that carry a word or pair to be kept (5 keeps what one person wrote private).
    max_iter : int
        Most iterations of each regression.
    random_state : int
        Seed.
    n_jobs : int or None
        Processes for fitting, as joblib counts them.

    Attributes
    ----------
    classes_ : dict of str to ndarray of str
        Labels per head, in the taxonomy's order.
    vocabulary_ : Vocabulary
        Words, pairs and cues that are looked at.
    idf_ : ndarray of float32, shape (n_ngrams,)
        How rare each word and pair is.
    coef_ : ndarray of float32, shape (n_features + n_dimensions, n_columns)
        What each feature, and each dimension of the mean vector, adds to a column's log-odds.
    intercept_ : ndarray of float32, shape (n_columns,)
    calibration_ : Calibration or None
        Set by `opportunity.train`; None leaves temperatures at 1 and thresholds at one half.

    Examples
    --------
    >>> from opportunity.records import Labels
    >>> row = dict(kind="complaint", failure=("other",), help=("explain",), urgency="soon", heat="calm")
    >>> y = [Labels(opportunity=("make_whole",), **row), Labels(opportunity=("restore_dignity",), **row)] * 5
    >>> X = ["I want my money back", "He laughed at me"] * 5
    >>> classifier = OpportunityClassifier(min_messages=1).fit(X, y)
    >>> classifier.predict(["my money please"])[0].opportunity[0]
    'make_whole'
    """

    def __init__(
        self,
        vectors: WordVectors | None = None,
        cues: Cues | None = None,
        *,
        C: float = 1.0,
        ngram_weight: float = 0.6,
        cue_weight: float = 0.3,
        vector_weight: float = 4.0,
        min_messages: int = 5,
        max_iter: int = 200,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.vectors = vectors
        self.cues = cues
        self.C = C
        self.ngram_weight = ngram_weight
        self.cue_weight = cue_weight
        self.vector_weight = vector_weight
        self.min_messages = min_messages
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Iterable[str], y: Iterable[Labels | Mapping[str, Any]]) -> Self:
        """Learn from labelled messages.

        Parameters
        ----------
        X : iterable of str
            Messages; a list, array, Series or Arrow array.
        y : iterable of Labels or mapping
            Their labels in the labelling guide's form.

        Returns
        -------
        OpportunityClassifier
            This object, fitted.

        Raises
        ------
        ValueError
            If `X` is a single string, is empty, holds something other than text, or differs in length from `y`.
        """
        texts, rows = _texts(X), [_labels(row) for row in y]
        if not texts:
            raise ValueError("X has 0 messages; at least one is needed")
        if len(texts) != len(rows):
            raise ValueError(f"X has {len(texts)} messages but y has {len(rows)} rows of labels; they must match")
        words = self.vectors.words if self.vectors is not None else ()
        self.classes_ = {head: np.array(TAXONOMY[head].names) for head in HEADS}
        self.vocabulary_ = Vocabulary.learn(texts, extra=words, cues=self.cues, at_least=self.min_messages)
        self.idf_ = self._rarity(texts)
        self.calibration_: Calibration | None = None
        truth = targets(rows)
        self.coef_, self.intercept_ = self._regress(self._design(texts), truth)
        return self

    def decision_function(self, X: Iterable[str]) -> Matrix:
        """Return the log-odds of every column, uncalibrated.

        Parameters
        ----------
        X : iterable of str

        Returns
        -------
        ndarray of float32, shape (n_messages, n_columns)
            Columns as in `opportunity.model.columns.COLUMNS`.
        """
        self._check_fitted()
        logits: Matrix = np.asarray(self._design(_texts(X)) @ self.coef_, np.float32) + self.intercept_
        return logits

    def predict_proba(self, X: Iterable[str]) -> dict[str, Matrix]:
        """Return the probabilities of every head.

        Parameters
        ----------
        X : iterable of str

        Returns
        -------
        dict of str to ndarray of float32, shape (n_messages, n_labels)
            Columns as in `classes_`. The rows of ``failure`` leave out the probability that nothing failed.
        """
        probability = self.calibration.probabilities(self.decision_function(X))
        return {head: probability[:, SLICES[head]][:, : len(TAXONOMY[head].names)] for head in HEADS}

    def predict(self, X: Iterable[str]) -> NDArray[np.object_]:
        """Return the chosen labels.

        Parameters
        ----------
        X : iterable of str

        Returns
        -------
        ndarray of Labels, shape (n_messages,)
        """
        calibration = self.calibration
        logits = self.decision_function(X)
        places = calibration.choose(calibration.probabilities(logits))
        out = np.empty(len(logits), object)
        out[:] = [labels_at(places, row) for row in range(len(logits))]
        return out

    def score(self, X: Iterable[str], y: Iterable[Labels | Mapping[str, Any]], sample_weight: Any = None) -> float:
        """Return how often the primary opportunity is right.

        Parameters
        ----------
        X : iterable of str
        y : iterable of Labels or mapping
        sample_weight : array-like of float or None

        Returns
        -------
        float
            In [0, 1].
        """
        said = [row.opportunity[:1] for row in self.predict(X)]
        right = [a == _labels(b).opportunity[:1] for a, b in zip(said, y, strict=True)]
        return float(np.average(right, weights=sample_weight))

    def fold(self) -> tuple[Matrix, Matrix]:
        """Fold rarity, weights and vectors into one row per feature.

        Returns
        -------
        weights : ndarray of float32, shape (n_features, n_columns)
            What one occurrence of a feature adds; of a word or pair, before the message's scale.
        intercept : ndarray of float32, shape (n_columns,)
        """
        self._check_fitted()
        n, n_words = len(self.vocabulary_), len(self.vocabulary_.words)
        weights = self.coef_[:n] * self._weight_per_feature()[:, None]
        if self.vectors is not None:
            weights[:n_words] += self._word_matrix() @ self.coef_[n:] * np.float32(self.vector_weight)
        return weights.astype(np.float32), self.intercept_

    @property
    def calibration(self) -> Calibration:
        """The fitted calibration; the plain one before calibration."""
        self._check_fitted()
        return self.calibration_ or Calibration.plain()

    def _check_fitted(self) -> None:
        if not hasattr(self, "coef_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted yet; call fit(X, y) before using it.")

    def _design(self, texts: Sequence[str]) -> Any:
        """N-gram counts and the mean vector, each message scaled, and cues, as one sparse matrix."""
        from scipy.sparse import csr_array, hstack

        counts = self.vocabulary_.count(texts)
        features = hstack([counts.ngrams.multiply(counts.scale), counts.cues], format="csr").multiply(
            self._weight_per_feature()[None, :]
        )
        if self.vectors is None:
            return features.tocsr().astype(np.float32)
        dense = (
            counts.ngrams[:, : len(self.vocabulary_.words)]
            @ self._word_matrix()
            * counts.scale
            * np.float32(self.vector_weight)
        )
        return hstack([features, csr_array(dense)], format="csr").astype(np.float32)

    def _weight_per_feature(self) -> Matrix:
        """How strongly each feature weighs before it is learned from: by rarity an n-gram, all alike the cues."""
        n_cues = len(self.vocabulary_) - self.vocabulary_.n_ngrams
        return np.concatenate([self.idf_ * np.float32(self.ngram_weight), np.full(n_cues, self.cue_weight, np.float32)])

    def _word_matrix(self) -> Matrix:
        """The vector of each word of the vocabulary; zeros where it has none."""
        assert self.vectors is not None
        return self.vectors.rows(self.vocabulary_.words)

    def _rarity(self, texts: Sequence[str]) -> Matrix:
        """Inverse document frequency, smoothed."""
        ngrams = self.vocabulary_.count(texts).ngrams
        ngrams.sum_duplicates()
        carried = np.bincount(ngrams.indices, minlength=ngrams.shape[1])
        rarity = np.log((1 + len(texts)) / (1 + carried)) + 1
        return rarity.astype(np.float32)

    def _regress(self, design: Any, truth: Matrix) -> tuple[Matrix, Matrix]:
        from joblib import Parallel, delayed

        jobs = [SLICES[head] for head in EXCLUSIVE]
        jobs += [slice(c, c + 1) for head in INDEPENDENT for c in range(SLICES[head].start, SLICES[head].stop)]
        fit = delayed(_fit_columns)
        settings = {"C": self.C, "max_iter": self.max_iter, "random_state": self.random_state}
        fitted = Parallel(n_jobs=self.n_jobs)(fit(design, truth[:, columns], settings) for columns in jobs)
        coef = np.zeros((design.shape[1], len(COLUMNS)), np.float32)
        intercept = np.zeros(len(COLUMNS), np.float32)
        for columns, (part, offset) in zip(jobs, fitted, strict=True):
            coef[:, columns], intercept[columns] = part, offset
        return coef, intercept


NEVER = np.float32(-12)
"""Log-odds of a label that no row carries."""


def _fit_columns(design: Any, truth: Matrix, settings: Mapping[str, Any]) -> tuple[Matrix, Matrix]:
    """Fit one head (a distribution over its columns) or one independent label (a single column)."""
    binary = truth.shape[1] == 1
    rows, labels = (np.arange(len(truth)), (truth[:, 0] > 0).astype(int)) if binary else np.nonzero(truth)
    weight = None if binary else truth[rows, labels]
    coef, intercept = np.zeros((design.shape[1], truth.shape[1]), np.float32), np.full(truth.shape[1], NEVER)
    seen = np.unique(labels)
    if len(seen) == 1:
        intercept[:] = (-NEVER if labels[0] else NEVER) if binary else NEVER
        if not binary:
            intercept[seen[0]] = 0
        return coef, intercept
    model = LogisticRegression(tol=1e-3, **settings).fit(design[rows], labels, sample_weight=weight)
    if binary:
        return model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)
    if len(seen) == 2:
        coef[:, seen[1]], intercept[seen] = model.coef_[0], [0, model.intercept_[0]]
    else:
        coef[:, seen], intercept[seen] = model.coef_.T, model.intercept_
    return coef, intercept


def _texts(X: Iterable[str]) -> list[str]:
    """The messages as a list of str; a clear error for what is none."""
    if isinstance(X, str | bytes):
        raise TypeError("X is a single string; give a sequence of messages, such as [text]")
    texts = X.to_pylist() if hasattr(X, "to_pylist") else list(X)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"X[{i}] is a {type(text).__name__}; every message must be a str")
    return texts


def _labels(row: Labels | Mapping[str, Any]) -> Labels:
    return row if isinstance(row, Labels) else Labels.from_dict(row)
