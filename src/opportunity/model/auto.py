"""Table first, reader where the table is unsure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from opportunity.errors import ModelFormatError
from opportunity.model.calibration import Calibration
from opportunity.model.columns import SLICES
from opportunity.model.joint import Joint
from opportunity.model.reader import side_by_side
from opportunity.model.votes import Reading, Readings, Scores
from opportunity.records import ModelInfo

__all__ = ["Auto"]


@dataclass(frozen=True)
class Auto:
    """A reader and the table that it hears, the reader asked only where it is needed.

    How sure of its first opportunity the table must be to answer alone, stands in the reader's calibration.

    Attributes
    ----------
    joint : Joint
    """

    joint: Joint

    @classmethod
    def of(cls, reader: object) -> Self:
        """Take a reader that hears a table.

        Parameters
        ----------
        reader : Joint

        Returns
        -------
        Auto

        Raises
        ------
        ModelFormatError
            If it is a model of another kind.
        """
        if not isinstance(reader, Joint):
            raise ModelFormatError("auto needs a reader that hears a table; join the two with scripts/join_models.py")
        return cls(reader)

    @property
    def info(self) -> ModelInfo:
        """Its name, and the versions of both."""
        return ModelInfo("auto", f"{self.joint.table.info.version}+{self.joint.info.version}")

    @property
    def calibration(self) -> Calibration:
        """The reader's thresholds."""
        return self.joint.calibration

    def read(self, text: str) -> Reading:
        """Read one prepared message.

        Parameters
        ----------
        text : str

        Returns
        -------
        Reading
        """
        table = self.joint.table
        said = table.votes(text)
        probability = table.calibration.probabilities(said.logits[None, :])[0]
        if probability[SLICES["opportunity"]].max() >= self.calibration.sure:
            return Reading(probability, said)
        votes = self.joint.votes(text, said)
        return Reading(self.calibration.probabilities(votes.logits[None, :])[0], votes)

    def read_each(self, texts: Iterable[str]) -> Iterable[Reading]:
        """Read prepared messages one by one, side by side.

        Parameters
        ----------
        texts : iterable of str

        Returns
        -------
        iterable of Reading
        """
        return side_by_side(self.read, texts)

    def read_many(self, texts: Sequence[str] | Any) -> Readings:
        """Read many prepared messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array

        Returns
        -------
        Readings
        """
        said = self.joint.table.score(texts)
        probability = self.joint.table.calibration.probabilities(said.logits)
        sure = probability[:, SLICES["opportunity"]].max(axis=1, initial=0) >= self.calibration.sure
        if unsure := np.flatnonzero(~sure).tolist():
            rows = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
            again = self.joint.score([rows[i] for i in unsure], Scores(said.logits[unsure], said.known_share[unsure]))
            probability[unsure] = self.calibration.probabilities(again.logits)
        return Readings(probability, said.known_share)
