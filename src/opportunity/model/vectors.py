"""Static word vectors, read from ``models/vectors-en``; used to train a table, never to answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import ModelCorruptError, ModelNotFoundError

__all__ = ["WordVectors"]


@dataclass(frozen=True, eq=False)
class WordVectors:
    """A vector per word.

    Attributes
    ----------
    words : tuple of str
    matrix : ndarray of float32, shape (n_words, n_dimensions)
    """

    words: tuple[str, ...] = field(repr=False)
    matrix: NDArray[np.float32] = field(repr=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a folder that ``scripts/make_vectors.py`` made.

        Parameters
        ----------
        folder : Path

        Returns
        -------
        WordVectors

        Raises
        ------
        ModelNotFoundError, ModelCorruptError
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not (folder / "vectors.safetensors").is_file():
            raise ModelNotFoundError(f"there are no word vectors in {folder}; make them with scripts/make_vectors.py")
        try:
            stored = load_file(folder / "vectors.safetensors")
            words = tuple((folder / "words.txt").read_text(encoding="utf-8").split("\n")[:-1])
            matrix = stored["vectors"].astype(np.float32) * stored["scales"][:, None]
        except (SafetensorError, OSError, KeyError, UnicodeDecodeError) as fault:
            raise ModelCorruptError(f"the word vectors in {folder} cannot be read; install them again") from fault
        if len(words) != len(matrix):
            raise ModelCorruptError(f"{folder} has {len(words)} words but {len(matrix)} vectors; install it again")
        return cls(words, matrix)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def rows(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of `words`, zeros for an unknown one.

        Parameters
        ----------
        words : sequence of str

        Returns
        -------
        ndarray of float32, shape (len(words), n_dimensions)
        """
        out = np.zeros((len(words), self.matrix.shape[1]), np.float32)
        at = [(i, self._number[word]) for i, word in enumerate(words) if word in self._number]
        if at:
            here, there = np.array(at).T
            out[here] = self.matrix[there]
        return out
