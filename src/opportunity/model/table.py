"""The table: the classifier's folded form. Scoring is tokenise, look up, add."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import ModelCorruptError, ModelFormatError
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS
from opportunity.model.cues import Cues, shipped_cues
from opportunity.model.features import Vocabulary, message_scale
from opportunity.model.votes import Scores, Votes, VotingModel
from opportunity.records import ModelInfo

if TYPE_CHECKING:
    from opportunity.model.classifier import OpportunityClassifier

__all__ = ["Table"]


@dataclass(frozen=True, eq=False)
class Table(VotingModel):
    """One row of votes per word, word pair and cue.

    Attributes
    ----------
    info : ModelInfo
    calibration : Calibration
    vocabulary : Vocabulary
    weights : ndarray of float32, shape (n_features, n_columns)
        What one occurrence adds to each column's log-odds; of a word or pair, before the message's scale.
    intercept : ndarray of float32, shape (n_columns,)
    """

    FILES = ("vocabulary.txt", "weights.safetensors")

    info: ModelInfo
    calibration: Calibration
    vocabulary: Vocabulary
    weights: NDArray[np.float32] = field(repr=False)
    intercept: NDArray[np.float32] = field(repr=False)

    @classmethod
    def fold(cls, classifier: "OpportunityClassifier", info: ModelInfo) -> Self:
        """Fold a fitted, calibrated classifier.

        Parameters
        ----------
        classifier : OpportunityClassifier
        info : ModelInfo

        Returns
        -------
        Table
        """
        weights, intercept = classifier.fold()
        return cls(info, classifier.calibration, classifier.vocabulary_, weights, intercept)

    def score(self, texts: Sequence[str] | Any) -> Scores:
        """Return the log-odds of many prepared messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array

        Returns
        -------
        Scores
        """
        counts = self.vocabulary.count(texts)
        ngrams, cues = np.split(self.weights, [self.vocabulary.n_ngrams])
        logits: NDArray[np.float32] = counts.ngrams @ ngrams
        logits *= counts.scale
        logits += counts.cues @ cues
        logits += self.intercept
        return Scores(logits, counts.known_share)

    def votes(self, text: str) -> Votes:
        """Return the votes of one prepared message.

        Parameters
        ----------
        text : str

        Returns
        -------
        Votes
        """
        ngrams, cues, n_tokens, n_known = self.vocabulary.find(text)
        found = ngrams + cues
        spans = np.array([(f.start, f.end) for f in found], np.int64).reshape(-1, 2)
        contributions = self.weights[[f.feature for f in found]]
        contributions[: len(ngrams)] *= message_scale(np.array([len(ngrams)]))
        return Votes(spans, contributions, self.intercept, n_known / n_tokens if n_tokens else None)

    def to_files(self) -> dict[str, bytes]:
        """Write the table as the contents of its files; the same table gives the same bytes."""
        from safetensors.numpy import save

        arrays: dict[str, NDArray[Any]] = {
            "intercept": self.intercept,
            "pairs": self.vocabulary.pairs,
            "weights": self.weights,
        }
        if self.vocabulary.cues is not None:
            arrays["cues"] = np.frombuffer(bytes.fromhex(self.vocabulary.cues.digest), np.uint8)
        words = io.StringIO()
        words.writelines(f"{word}\n" for word in self.vocabulary.words)
        return {"vocabulary.txt": words.getvalue().encode(), "weights.safetensors": save(arrays)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], info: ModelInfo, calibration: Calibration) -> Self:
        """Read what `to_files` wrote.

        Parameters
        ----------
        files : mapping of str to bytes
        info : ModelInfo
        calibration : Calibration

        Returns
        -------
        Table

        Raises
        ------
        ModelCorruptError
            If the contents are not a table.
        ModelFormatError
            If it was trained with other cues than this version has.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            arrays = load(files["weights.safetensors"])
            words = tuple(files["vocabulary.txt"].decode().split("\n")[:-1])
            weights, intercept, pairs = arrays["weights"], arrays["intercept"], arrays["pairs"]
        except (SafetensorError, KeyError, ValueError, TypeError) as fault:
            raise ModelCorruptError("weights.safetensors or vocabulary.txt cannot be read; install it again") from fault
        vocabulary = Vocabulary(words, pairs, _same_cues(arrays["cues"]) if "cues" in arrays else None)
        wanted = {"weights": (len(vocabulary), len(COLUMNS)), "intercept": (len(COLUMNS),)}
        for name, shape in wanted.items():
            given = arrays[name]
            if given.shape != shape or given.dtype != np.float32 or not np.isfinite(given).all():
                raise ModelCorruptError(f"{name} must be finite float32 of shape {shape}, but is {given.shape}")
        if pairs.ndim != 1 or pairs.dtype != np.int64 or len(set(words)) != len(words):
            raise ModelCorruptError("the vocabulary has a word twice, or pairs that are not int64; install it again")
        return cls(info, calibration, vocabulary, weights, intercept)


def _same_cues(digest: NDArray[np.uint8]) -> Cues:
    """The cues of this version, if they are those that a table was trained with."""
    cues = shipped_cues()
    if digest.tobytes().hex() != cues.digest:
        raise ModelFormatError("the table was trained with other cues than this version has; retrain the model")
    return cues
