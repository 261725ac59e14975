"""A reader that hears the table: what both say of a message is added, so every answer is still a sum of votes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS
from opportunity.model.reader import Reader
from opportunity.model.table import Table
from opportunity.model.votes import Scores, Votes, VotingModel
from opportunity.records import ModelInfo

__all__ = ["Joint"]


@dataclass(frozen=True, eq=False)
class Joint(VotingModel):
    """A reader and a table that are asked both.

    The two err in different places: the reader knows what words mean, the table what was said in which words.

    Attributes
    ----------
    reader : Reader
    table : Table
    share : mapping of str to float
        For each head, how much a vote of the table counts beside one of the reader.
    calibration : Calibration
        Of the sums.
    """

    outside_lock = True

    reader: Reader
    table: Table
    share: Mapping[str, float]
    calibration: Calibration = field(repr=False)

    @property
    def info(self) -> ModelInfo:  # type: ignore[override]  # derived here, a field elsewhere
        """The reader's name and version."""
        return self.reader.info

    @cached_property
    def _share(self) -> NDArray[np.float32]:
        return np.array([self.share[head] for head, _ in COLUMNS], np.float32)

    def score(self, texts: Sequence[str] | Any, said: Scores | None = None) -> Scores:
        """Return the log-odds of many prepared messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array
        said : Scores or None
            The table's, where they are known.

        Returns
        -------
        Scores
            The share of known tokens is the table's.
        """
        said = said or self.table.score(texts)
        return Scores(self.reader.score(texts).logits + self._share * said.logits, said.known_share)

    def votes(self, text: str, said: Votes | None = None) -> Votes:
        """Return the votes of both on one prepared message.

        Parameters
        ----------
        text : str
        said : Votes or None
            The table's, where they are known.

        Returns
        -------
        Votes
        """
        read, said = self.reader.votes(text), said or self.table.votes(text)
        return Votes(
            np.concatenate([read.spans, said.spans]),
            np.concatenate([read.contributions, self._share * said.contributions]),
            read.intercept + self._share * said.intercept,
            said.known_share,
            read.marks,
        )
