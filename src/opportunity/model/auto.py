"""Table first, reader where the table is unsure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from opportunity.errors import ModelFormatError
from opportunity.model.calibration import Calibration
from opportunity.model.columns import SLICES
from opportunity.model.joint import Joint
from opportunity.model.reader import Reader
from opportunity.model.table import Table
from opportunity.model.votes import Reading, Readings
from opportunity.records import ModelInfo

__all__ = ["Auto"]


@dataclass(frozen=True)
class Auto:
    """Both models behind one face.

    Attributes
    ----------
    info : ModelInfo
    table : Table
    reader : Reader or Joint
    sure : float
        The probability of the table's first opportunity from which its answer stands.
    """

    info: ModelInfo
    table: Table
    reader: Reader | Joint
    sure: float

    @classmethod
    def of(cls, table: object, reader: object) -> Self:
        """Join a table and a reader; how sure is sure enough stands in the reader's calibration.

        Parameters
        ----------
        table : Table
        reader : Reader or Joint

        Returns
        -------
        Auto

        Raises
        ------
        ModelFormatError
            If one of the two is of the other kind.
        """
        if not isinstance(table, Table) or not isinstance(reader, Reader | Joint):
            raise ModelFormatError("auto needs a model of kind table and one of kind reader; it was given others")
        info = ModelInfo("auto", f"{table.info.version}+{reader.info.version}")
        return cls(info, table, reader, reader.calibration.sure)

    @property
    def calibration(self) -> Calibration:
        """The reader's thresholds."""
        return self.reader.calibration

    def read(self, text: str) -> Reading:
        """Read one prepared message.

        Parameters
        ----------
        text : str

        Returns
        -------
        Reading
        """
        reading = self.table.read(text)
        sure = reading.probability[SLICES["opportunity"]].max() >= self.sure
        return reading if sure else self.reader.read(text)

    def read_many(self, texts: Sequence[str] | Any) -> Readings:
        """Read many prepared messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array

        Returns
        -------
        Readings
        """
        readings = self.table.read_many(texts)
        unsure = np.flatnonzero(readings.probability[:, SLICES["opportunity"]].max(axis=1, initial=0) < self.sure)
        if len(unsure):
            rows = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
            again = self.reader.read_many([rows[i] for i in unsure.tolist()])
            readings.probability[unsure] = again.probability
        return readings
