"""Table first, reader where the table is unsure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from opportunity.errors import ModelFormatError
from opportunity.model.calibration import Calibration
from opportunity.model.columns import SLICES
from opportunity.model.joint import Joint
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

    outside_lock: ClassVar[bool] = True

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
        said = self.joint.table.read(text)
        sure = said.probability[SLICES["opportunity"]].max() >= self.calibration.sure
        return said if sure else self.joint.calibrated(self.joint.votes(text, said.votes))

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
