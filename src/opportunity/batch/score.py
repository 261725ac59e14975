"""Score a file: read in batches, answer, write; everything counted."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, Self

from opportunity.batch.rows import Reject, read_rows
from opportunity.errors import DataError
from opportunity.records import Complaint
from opportunity.triage import Triage

__all__ = ["WRITERS", "Scored", "score_file"]

BATCH_ROWS = 4096


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
        If the source cannot be read or `out` has another ending.
    """
    if out.suffix not in WRITERS:
        raise DataError(f'{out} ends in "{out.suffix}"; give a file that ends in {", ".join(WRITERS)}')
    rows = read_rows(source, text_field=text_field, id_field=id_field)
    part, rejects = out.with_name(out.name + ".part"), out.with_name(out.name + ".rejects.jsonl")
    rejects.unlink(missing_ok=True)
    full = advice or out.suffix == ".jsonl"
    written = rejected = 0
    with _whole(part), WRITERS[out.suffix](part) as writer:
        for batch in _batches(rows):
            good = [row for row in batch if isinstance(row, Complaint)]
            bad = [row for row in batch if isinstance(row, Reject)]
            writer.write(_full(triage, good) if full else _labels(triage, good))
            _append(rejects, bad)
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


def _batches(rows: Iterator[Complaint | Reject]) -> Iterator[list[Complaint | Reject]]:
    yield list(islice(rows, BATCH_ROWS))  # empty where there are no rows: the output still gets its columns
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _append(path: Path, rejects: Sequence[Reject]) -> None:
    if rejects:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as lines:
            lines.writelines(json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects)


def _full(triage: Triage, complaints: Sequence[Complaint]) -> list[dict[str, Any]]:
    return [suggestion.to_dict() for suggestion in triage.pipe(complaints)]


def _labels(triage: Triage, complaints: Sequence[Complaint]) -> Any:
    import pyarrow as pa

    batch = pa.RecordBatch.from_pydict(
        {
            "id": pa.array([complaint.id for complaint in complaints], pa.string()),
            "text": pa.array([complaint.text for complaint in complaints], pa.large_string()),
        }
    )
    return triage.score_batch(batch)


class _Writer(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(self, *fault: object) -> None: ...
    def write(self, batch: Any) -> None: ...


class _JsonLines:
    """One contract a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def write(self, batch: list[dict[str, Any]]) -> None:
        self._file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch)


class _Csv(_JsonLines):
    """Flat rows; lists are joined by a bar, probabilities of all labels are left out."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer: Any = None

    def write(self, batch: Any) -> None:
        if self._writer is None:
            names = _flat_schema().names if isinstance(batch, list) else batch.schema.names
            self._writer = csv.DictWriter(self._file, [name for name in names if name != "probabilities"])
            self._writer.writeheader()
        for row in _flat(batch):
            row.pop("probabilities", None)
            self._writer.writerow({k: "|".join(v) if isinstance(v, list) else v for k, v in row.items()})


class _Parquet:
    """Flat columns; lists stay lists."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, batch: Any) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = (
            batch if isinstance(batch, pa.RecordBatch) else pa.RecordBatch.from_pylist(_flat(batch), _flat_schema())
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, columns.schema)
        self._writer.write_batch(columns)


def _flat_schema() -> Any:
    """The schema of flat rows with advice."""
    import pyarrow as pa

    from opportunity.taxonomy import TAXONOMY

    heads = [(h.name, pa.string() if h.form == "single" else pa.list_(pa.string())) for h in TAXONOMY.values()]
    words = [(name, pa.string()) for name in ("evidence", "answer_opportunity", "answer_help")]
    number = [("opportunity_probability", pa.float32())]
    return pa.schema([("id", pa.string()), *heads, ("abstained", pa.string()), *number, *words])


def _flat(batch: Any) -> list[dict[str, Any]]:
    """Rows of columns as they are; contracts made flat."""
    if not isinstance(batch, list):
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    return [_flat_contract(contract) for contract in batch]


def _flat_contract(contract: dict[str, Any]) -> dict[str, Any]:
    primary = (contract["chosen"]["opportunity"] or [None])[0]
    quotes = [e["quote"] for e in contract["evidence"] if e["head"] == "opportunity" and e["label"] == primary]
    answers = contract["answers"] or {"opportunity": None, "help": None}
    return {
        "id": contract["id"],
        **contract["chosen"],
        "abstained": contract["abstained"],
        "opportunity_probability": contract["opportunity"][0]["probability"],
        "evidence": " … ".join(quotes) or None,
        "answer_opportunity": answers["opportunity"],
        "answer_help": answers["help"],
    }


WRITERS: dict[str, Callable[[Path], _Writer]] = {".csv": _Csv, ".jsonl": _JsonLines, ".parquet": _Parquet}
"""What writes which ending."""
