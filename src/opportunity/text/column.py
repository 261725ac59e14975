"""Some rows of an Arrow column of texts: those with certain bytes, those with a pattern, and new texts for them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["HeldBytes", "find", "replace"]


@dataclass(frozen=True, slots=True)
class HeldBytes:
    """What a column of texts holds in memory; nothing is copied.

    Attributes
    ----------
    given : ndarray of uint8, shape (n_bytes,)
    offsets : ndarray of int64, shape (n_rows + 1,)
        Row ``i`` has the bytes ``offsets[i]:offsets[i + 1]``.
    """

    given: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, texts: "pa.Array") -> Self:
        """Look into a column.

        Parameters
        ----------
        texts : pyarrow.Array
            Of strings without nulls.

        Returns
        -------
        HeldBytes
        """
        import pyarrow as pa

        texts = texts.cast(pa.large_string())
        _, places, data = texts.buffers()
        if data is None:
            return cls(np.zeros(0, np.uint8), np.zeros(len(texts) + 1, np.int64))
        offsets = np.frombuffer(places, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        return cls(np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]], offsets - offsets[0])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many bytes each row has."""
        return np.diff(self.offsets)

    def rows_of(self, places: Any) -> NDArray[np.intp]:
        """Tell which row each of some bytes belongs to.

        Parameters
        ----------
        places : ndarray of int

        Returns
        -------
        ndarray of int
        """
        rows: NDArray[np.intp] = np.searchsorted(self.offsets, places, side="right") - 1
        return rows

    def places(self, piece: bytes) -> NDArray[np.intp]:
        """Tell where a piece begins.

        Parameters
        ----------
        piece : bytes

        Returns
        -------
        ndarray of int
        """
        at = np.flatnonzero(self.given[: max(0, len(self.given) - len(piece) + 1)] == piece[0])
        for i, byte in enumerate(piece[1:], 1):
            at = at[self.given.take(at + i) == byte]
        return at

    def rows_with(self, places: NDArray[np.intp], at_least: int = 1) -> NDArray[np.bool_]:
        """Tell which rows have so many of some bytes.

        Parameters
        ----------
        places : ndarray of int
            Ascending.
        at_least : int

        Returns
        -------
        ndarray of bool, shape (n_rows,)
        """
        out: NDArray[np.bool_] = np.diff(np.searchsorted(places, self.offsets)) >= at_least
        return out


def find(texts: "pa.Array", pattern: str, rows: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Tell which rows have a pattern.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings without nulls.
    pattern : str
        For RE2.
    rows : ndarray of bool, shape (n_rows,), or None
        Where to look; None is everywhere.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    out = np.ones(len(texts), bool) if rows is None else rows.copy()
    some = texts if rows is None else texts.filter(pa.array(rows))
    out[out] = pc.match_substring_regex(some, pattern).to_numpy(zero_copy_only=False)
    return out


def replace(texts: "pa.Array", rows: NDArray[np.bool_], new: "pa.Array") -> "pa.Array":
    """Put new texts in the place of some rows.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings.
    rows : ndarray of bool, shape (n_rows,)
    new : pyarrow.Array
        A text for each of them.

    Returns
    -------
    pyarrow.Array
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.replace_with_mask(texts, pa.array(rows), new)
