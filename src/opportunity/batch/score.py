"""Score a file: read in batches, answer, write; everything counted."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, Self

from opportunity.batch.flat import TAKEN, flat_row, flat_schema
from opportunity.batch.rows import Reject, Row, read_rows, write_rejects
from opportunity.errors import DataError
from opportunity.triage import PART_ROWS, Triage

__all__ = ["WRITERS", "Scored", "score_file"]

LABEL_ROWS, ADVICE_ROWS = 4 * PART_ROWS, 1024
"""Rows at a time: for labels enough for a few threads, for advice few enough to see that it goes on."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of a file.

    Attributes
    ----------
    read, written, rejected : int
        Rows; the first is the sum of the other two.
    rejects : Path or None
        Where the rejected rows lie, if there are any.
    """

    read: int
    written: int
    rejected: int
    rejects: Path | None


def score_file(
    triage: Triage,
    source: Path,
    out: Path,
    *,
    text_field: str = "text",
    id_field: str = "id",
    keep: Sequence[str] = (),
    advice: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Scored:
    """Score every row of a file.

    Parameters
    ----------
    triage : Triage
    source : Path
        CSV, JSONL or Parquet, by ending.
    out : Path
        JSONL holds the output contract; CSV and Parquet hold it flat. Written under another name first and moved
        into place when whole.
    text_field, id_field : str
    keep : sequence of str
        Further fields of the source to write beside the answers, such as a date.
    advice : bool
        Whether CSV and Parquet also hold the two answers and the evidence.
    progress : callable
        Told after every batch how many rows it had.

    Returns
    -------
    Scored

    Raises
    ------
    DataError
        If the source cannot be read, `out` has another ending, or a field to keep has the name of an answer.
    """
    if out.suffix not in WRITERS:
        raise DataError(f'{out} ends in "{out.suffix}"; give a file that ends in {", ".join(WRITERS)}')
    if taken := [name for name in keep if name in TAKEN]:
        raise DataError(f'cannot keep "{taken[0]}": the output has a field of that name; rename it in {source}')
    rows = read_rows(source, text_field=text_field, id_field=id_field, keep=keep)
    part, rejects = out.with_name(out.name + ".part"), out.with_name(out.name + ".rejects.jsonl")
    rejects.unlink(missing_ok=True)
    full = advice or out.suffix == ".jsonl"
    written = rejected = 0
    with _whole(part), WRITERS[out.suffix](part, keep) as writer:
        for batch in _batches(rows, ADVICE_ROWS if full else LABEL_ROWS):
            good = [row for row in batch if isinstance(row, Row)]
            bad = [row for row in batch if isinstance(row, Reject)]
            writer.write(_full(triage, good) if full else _labels(triage, good, keep))
            write_rejects(rejects, bad)
            written, rejected = written + len(good), rejected + len(bad)
            progress(len(batch))
    part.replace(out)
    return Scored(written + rejected, written, rejected, rejects if rejected else None)


@contextmanager
def _whole(part: Path) -> Iterator[None]:
    """Leave nothing behind when it is not written to the end."""
    try:
        yield
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _batches(rows: Iterator[Row | Reject], size: int) -> Iterator[list[Row | Reject]]:
    yield list(islice(rows, size))  # empty where there are no rows: the output still gets its columns
    while batch := list(islice(rows, size)):
        yield batch


def _full(triage: Triage, rows: Sequence[Row]) -> list[dict[str, Any]]:
    suggestions = triage.pipe(row.complaint for row in rows)
    return [{**suggestion.to_dict(), **row.kept} for suggestion, row in zip(suggestions, rows, strict=True)]


def _labels(triage: Triage, rows: Sequence[Row], keep: Sequence[str]) -> Any:
    import pyarrow as pa

    batch = pa.RecordBatch.from_pydict(
        {
            "id": pa.array([row.complaint.id for row in rows], pa.string()),
            "text": pa.array([row.complaint.text for row in rows], pa.large_string()),
        }
    )
    scored = triage.score_batch(batch)
    for name in keep:
        scored = scored.append_column(name, pa.array([row.kept[name] for row in rows], pa.string()))
    return scored


class _Writer(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(self, *fault: object) -> None: ...
    def write(self, batch: Any) -> None: ...


class _JsonLines:
    """One contract a line, with the kept fields beside its own."""

    def __init__(self, path: Path, keep: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def write(self, batch: list[dict[str, Any]]) -> None:
        self._file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch)


class _Csv(_JsonLines):
    """Flat rows; lists are joined by a bar, probabilities of all labels are left out."""

    def __init__(self, path: Path, keep: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._keep = keep
        self._writer: Any = None

    def write(self, batch: Any) -> None:
        if self._writer is None:
            names = flat_schema(self._keep).names if isinstance(batch, list) else batch.schema.names
            self._writer = csv.DictWriter(self._file, [name for name in names if name != "probabilities"])
            self._writer.writeheader()
        for row in _flat(batch, self._keep):
            row.pop("probabilities", None)
            self._writer.writerow({k: "|".join(v) if isinstance(v, list) else v for k, v in row.items()})


class _Parquet:
    """Flat columns; lists stay lists."""

    def __init__(self, path: Path, keep: Sequence[str]) -> None:
        self._path = path
        self._keep = keep
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, batch: Any) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = batch
        if isinstance(batch, list):
            columns = pa.RecordBatch.from_pylist(_flat(batch, self._keep), flat_schema(self._keep))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, columns.schema)
        self._writer.write_batch(columns)


def _flat(batch: Any, keep: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of columns as they are; contracts made flat."""
    if not isinstance(batch, list):
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    return [flat_row(contract, keep) for contract in batch]


WRITERS: dict[str, Callable[[Path, Sequence[str]], _Writer]] = {
    ".csv": _Csv,
    ".jsonl": _JsonLines,
    ".parquet": _Parquet,
}
"""What writes which ending."""
