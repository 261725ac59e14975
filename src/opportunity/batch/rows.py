"""Rows of a CSV, JSONL or Parquet file, one by one; what cannot be read comes as a reject, with line and reason."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opportunity.errors import DataError
from opportunity.records import Complaint

__all__ = ["READERS", "Reject", "count_rows", "read_rows"]

_GUESSES = (
    "text",
    "body",
    "message",
    "description",
    "complaint",
    "content",
    "comment",
    "review",
    "narrative",
)


_LONGEST_NAME, _MOST_WORDS_OF_NAME = 40, 4


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read.

    Attributes
    ----------
    line : int
        In the file, from 1; for Parquet the row.
    reason : str
    row : str
        The row as it stands in the file.
    """

    line: int
    reason: str
    row: str


Row = Complaint | Reject


def read_rows(path: Path, *, text_field: str = "text", id_field: str = "id") -> Iterator[Row]:
    """Read messages from a file by its ending.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.jsonl`` or ``.parquet``.
    text_field, id_field : str
        Where text and id stand. A row without an id gets its line number.

    Yields
    ------
    Complaint or Reject

    Raises
    ------
    DataError
        If the file does not exist, has another ending, cannot be read at all, or no row has the text field.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    if path.suffix not in READERS:
        raise DataError(f'{path} ends in "{path.suffix}"; give a file that ends in {", ".join(READERS)}')
    return READERS[path.suffix](path, text_field, id_field)


def count_rows(path: Path) -> int | None:
    """Return how many rows a file has, or None where that cannot be told quickly."""
    if path.suffix != ".parquet":
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):  # said when it is read
        return None


def _read_csv(path: Path, text_field: str, id_field: str) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.DictReader((line.replace("\0", "") for line in lines), strict=False)
        _need_field(path, text_field, reader.fieldnames or ())
        for row in reader:
            if None in row or None in row.values():
                reason = f"the row has more or fewer than {len(reader.fieldnames or ())} fields"
                yield Reject(reader.line_num, reason, _raw(row))
            else:
                yield Complaint(row[text_field], row.get(id_field) or str(reader.line_num))


def _raw(row: Mapping[str | None, Any]) -> str:
    """A row of too many or too few fields; the superfluous ones are a list under None."""
    named = [value for name, value in row.items() if name is not None and value is not None]
    return ",".join([*named, *row.get(None, ())])


def _read_jsonl(path: Path, text_field: str, id_field: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _json_row(number, line, text_field, id_field)


def _json_row(number: int, line: str, text_field: str, id_field: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return Reject(number, "the line is not JSON", line.rstrip("\n"))
    if not isinstance(row, dict):
        return Reject(number, f"the line is a {type(row).__name__}, not an object", line.rstrip("\n"))
    text = row.get(text_field)
    if not isinstance(text, str):
        return Reject(number, _no_text(row, text_field), line.rstrip("\n"))
    return Complaint(_whole_characters(text), _whole_characters(_id(row, id_field, number)))


def _whole_characters(text: str) -> str:
    """Replace half a character, which JSON can hold and no other file can."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _read_parquet(path: Path, text_field: str, id_field: str) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        _need_field(path, text_field, names)
        number = 0
        for batch in file.iter_batches(columns=[name for name in (id_field, text_field) if name in names]):
            for row in batch.to_pylist():
                number += 1
                yield _parquet_row(number, row, text_field, id_field)
    except (pa.ArrowException, OSError) as fault:
        raise DataError(f"{path} is not a Parquet file that can be read") from fault


def _parquet_row(number: int, row: Mapping[str, Any], text_field: str, id_field: str) -> Row:
    if isinstance(row[text_field], str):
        return Complaint(row[text_field], _id(row, id_field, number))
    return Reject(number, f'"{text_field}" is null or not text', json.dumps(row, default=str))


def _id(row: Mapping[str, Any], id_field: str, number: int) -> str:
    given = row.get(id_field)
    return str(number if given is None else given)


READERS: Mapping[str, Callable[[Path, str, str], Iterator[Row]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
"""What reads which ending."""


def _need_field(path: Path, text_field: str, names: Any) -> None:
    if text_field not in names:
        if not all(_is_name(name) for name in names):
            raise DataError(
                f'{path} has no "{text_field}", and its first line names no fields; write one such as id,text'
            )
        listed = ", ".join(f'"{name}"' for name in names) or "nothing"
        raise DataError(f'{path} has no "{text_field}"; it has {listed}.{_hint(names)}')


def _is_name(name: str) -> bool:
    """Whether it can be a field's name; where there is no header it is a customer's message."""
    return len(name) <= _LONGEST_NAME and len(name.split()) <= _MOST_WORDS_OF_NAME


def _no_text(row: Mapping[str, Any], text_field: str) -> str:
    if text_field in row:
        return f'"{text_field}" is a {type(row[text_field]).__name__}, not a string'
    listed = ", ".join(f'"{name}"' for name in list(row)[:8]) or "nothing"
    return f'the row has no "{text_field}"; it has {listed}.{_hint(row)}'


def _hint(names: Any) -> str:
    meant = next((name for guess in _GUESSES for name in names if name.lower() == guess), None)
    return f" Did you mean --text-field {meant}?" if meant else ""
