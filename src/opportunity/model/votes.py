"""What every model can say: probabilities for many messages, and for one message the votes that they rest on."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from opportunity.model.calibration import Calibration
from opportunity.records import ModelInfo

__all__ = ["Marks", "Model", "Reading", "Readings", "Scores", "Votes", "VotingModel"]


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Which of a message's words a model takes for part of a fact.

    Attributes
    ----------
    spans : ndarray of int64, shape (n_words, 2)
        Where the words stand: offsets in characters into the text.
    strength : ndarray of float32, shape (n_words, n_facts)
        For each of `opportunity.model.columns.FACTS`, how far a word's log-odds lie above what is needed to name it.
    """

    spans: NDArray[np.int64]
    strength: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """The votes of a message's words.

    ``contributions.sum(axis=0) + intercept`` are the message's log-odds.

    Attributes
    ----------
    spans : ndarray of int64, shape (n_votes, 2)
        Where the voting words stand: offsets in characters into the text.
    contributions : ndarray of float32, shape (n_votes, n_columns)
    intercept : ndarray of float32, shape (n_columns,)
    known_share : float or None
        The share of the text's tokens that the vocabulary knows; None where it has no tokens.
    marks : Marks or None
        None where the model marks no facts.
    """

    spans: NDArray[np.int64]
    contributions: NDArray[np.float32] = field(repr=False)
    intercept: NDArray[np.float32] = field(repr=False)
    known_share: float | None
    marks: Marks | None = None

    @property
    def logits(self) -> NDArray[np.float32]:
        """The message's log-odds, shape (n_columns,)."""
        out: NDArray[np.float32] = self.contributions.sum(axis=0) + self.intercept
        return out


class Reading(NamedTuple):
    """One message as a model read it.

    Attributes
    ----------
    probability : ndarray of float32, shape (n_columns,)
    votes : Votes
    """

    probability: NDArray[np.float32]
    votes: Votes


class Scores(NamedTuple):
    """Many messages as a voting model scored them.

    Attributes
    ----------
    logits : ndarray of float32, shape (n_texts, n_columns)
        Log-odds before calibration.
    known_share : ndarray of float32, shape (n_texts,)
        The share of tokens that the vocabulary knows; NaN where there are none.
    """

    logits: NDArray[np.float32]
    known_share: NDArray[np.float32]


class Readings(NamedTuple):
    """Many messages as a model read them.

    Attributes
    ----------
    probability : ndarray of float32, shape (n_texts, n_columns)
    known_share : ndarray of float32, shape (n_texts,)
    """

    probability: NDArray[np.float32]
    known_share: NDArray[np.float32]


class Model(Protocol):
    """Whatever can answer for a triage."""

    @property
    def info(self) -> ModelInfo:
        """Name and version."""

    @property
    def calibration(self) -> Calibration:
        """The thresholds that choose among its probabilities."""

    @property
    def outside_lock(self) -> bool:
        """Whether most of its reading is done outside Python's lock, so that threads bring something."""

    def read(self, text: str) -> Reading:
        """Read one prepared message."""

    def read_many(self, texts: Sequence[str] | Any) -> Readings:
        """Read many prepared messages, a sequence or an Arrow array."""


class VotingModel(ABC):
    """A model whose log-odds are a sum of votes, calibrated."""

    info: ModelInfo
    calibration: Calibration
    outside_lock: ClassVar[bool] = False

    @abstractmethod
    def score(self, texts: Sequence[str] | Any) -> Scores:
        """Return the log-odds of many prepared messages."""

    @abstractmethod
    def votes(self, text: str) -> Votes:
        """Return the votes of one prepared message."""

    def read(self, text: str) -> Reading:
        """Read one prepared message.

        Parameters
        ----------
        text : str

        Returns
        -------
        Reading
        """
        return self.calibrated(self.votes(text))

    def calibrated(self, votes: Votes) -> Reading:
        """Give the votes of one message with the probabilities that they come to.

        Parameters
        ----------
        votes : Votes

        Returns
        -------
        Reading
        """
        return Reading(self.calibration.probabilities(votes.logits[None, :])[0], votes)

    def read_many(self, texts: Sequence[str] | Any) -> Readings:
        """Read many prepared messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array

        Returns
        -------
        Readings
        """
        logits, known_share = self.score(texts)
        return Readings(self.calibration.probabilities(logits), known_share)
