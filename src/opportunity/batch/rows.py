"""Rows of a CSV, JSONL or Parquet file, one by one; what cannot be read comes as a reject, with line and reason."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from opportunity.errors import DataError
from opportunity.records import Complaint

__all__ = ["READERS", "Record", "Reject", "Row", "count_rows", "read_records", "read_rows", "write_rejects"]

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

_Needs = Callable[[Sequence[str]], None]
"""Raises where the fields that a file has are not all that it must have."""


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


@dataclass(frozen=True, slots=True)
class Record:
    """A row's values by field, as its file holds them.

    Attributes
    ----------
    line : int
        In the file, from 1; for Parquet the row.
    values : mapping of str to any
    raw : str or None
        The row as it stands in the file, where that can differ from its values.
    """

    line: int
    values: Mapping[str, Any]
    raw: str | None = None

    def reject(self, reason: str) -> Reject:
        """Say why it cannot be used."""
        row = json.dumps(self.values, ensure_ascii=False, default=str) if self.raw is None else self.raw
        return Reject(self.line, reason, row)


@dataclass(frozen=True, slots=True)
class Row:
    """A message, and what is kept of the row that it stands in.

    Attributes
    ----------
    complaint : Complaint
    kept : mapping of str to str or None
    """

    complaint: Complaint
    kept: Mapping[str, str | None]


def read_rows(
    path: Path, *, text_field: str = "text", id_field: str = "id", keep: Sequence[str] = ()
) -> Iterator[Row | Reject]:
    """Read messages from a file by its ending.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.jsonl`` or ``.parquet``.
    text_field, id_field : str
        Where text and id stand. A row without an id gets its line number.
    keep : sequence of str
        Further fields to go along.

    Returns
    -------
    iterator of Row or Reject

    Raises
    ------
    DataError
        If the file does not exist, has another ending, cannot be read at all, or has no such fields.
    """

    def hint(field: str, names: Sequence[str]) -> str:
        return _text_hint(names) if field == text_field else ""

    records = read_records(path, (text_field, *keep), (id_field,), hint)
    return (record if isinstance(record, Reject) else _row(record, text_field, id_field, keep) for record in records)


def read_records(
    path: Path,
    needed: Sequence[str],
    wanted: Sequence[str] = (),
    hint: Callable[[str, Sequence[str]], str] = lambda _field, _names: "",
) -> Iterator[Record | Reject]:
    """Read the rows of a file by its ending.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.jsonl`` or ``.parquet``.
    needed : sequence of str
        Fields that a CSV or Parquet file must have; a line of a JSONL file may lack them.
    wanted : sequence of str
        Fields that it may have. Others may be left out.
    hint : callable
        From a needed field that is missing and the fields that there are to what the error says in addition.

    Returns
    -------
    iterator of Record or Reject

    Raises
    ------
    DataError
        As `read_rows`.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    if path.suffix not in READERS:
        raise DataError(f'{path} ends in "{path.suffix}"; give a file that ends in {", ".join(READERS)}')
    needs = partial(_need, path, needed, hint)
    return READERS[path.suffix](path, needs, (*wanted, *needed))


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Append rejected rows to a JSONL file; where there are none, nothing is written."""
    if rejects:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as lines:
            lines.writelines(json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in rejects)


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


def _read_csv(path: Path, needs: _Needs, wanted: Sequence[str]) -> Iterator[Record | Reject]:
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.DictReader((line.replace("\0", "") for line in lines), strict=False)
        needs(reader.fieldnames or ())
        for row in reader:
            if None in row or None in row.values():
                reason = f"the row has more or fewer than {len(reader.fieldnames or ())} fields"
                yield Reject(reader.line_num, reason, _raw(row))
            else:
                yield Record(reader.line_num, row)


def _raw(row: Mapping[str | None, Any]) -> str:
    """A row of too many or too few fields; the superfluous ones are a list under None."""
    named = [value for name, value in row.items() if name is not None and value is not None]
    return ",".join([*named, *row.get(None, ())])


def _read_jsonl(path: Path, needs: _Needs, wanted: Sequence[str]) -> Iterator[Record | Reject]:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _json_record(number, line.rstrip("\n"))


def _json_record(number: int, line: str) -> Record | Reject:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return Reject(number, "the line is not JSON", line)
    if not isinstance(values, dict):
        return Reject(number, f"the line is a {type(values).__name__}, not an object", line)
    return Record(number, values, line)


def _read_parquet(path: Path, needs: _Needs, wanted: Sequence[str]) -> Iterator[Record | Reject]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        needs(names)
        number = 0
        for batch in file.iter_batches(columns=[name for name in dict.fromkeys(wanted) if name in names]):
            for row in batch.to_pylist():
                number += 1
                yield Record(number, row)
    except (pa.ArrowException, OSError) as fault:
        raise DataError(f"{path} is not a Parquet file that can be read") from fault


READERS: Mapping[str, Callable[[Path, _Needs, Sequence[str]], Iterator[Record | Reject]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
"""What reads which ending."""


def _row(record: Record, text_field: str, id_field: str, keep: Sequence[str]) -> Row | Reject:
    text, given = record.values.get(text_field), record.values.get(id_field)
    if not isinstance(text, str):
        return record.reject(_no_text(record.values, text_field))
    id_ = str(record.line) if given is None or given == "" else _words(given)
    return Row(Complaint(_words(text), id_), {name: _kept(record.values.get(name)) for name in keep})


def _kept(value: Any) -> str | None:
    return None if value is None else _words(value)


def _words(value: Any) -> str:
    """A value as text, half a character, which JSON can hold and no other file can, replaced."""
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _need(path: Path, needed: Sequence[str], hint: Callable[[str, Sequence[str]], str], names: Sequence[str]) -> None:
    for field in needed:
        if field not in names:
            if not all(_is_name(name) for name in names):
                raise DataError(
                    f'{path} has no "{field}", and its first line names no fields; write one such as id,text'
                )
            listed = ", ".join(f'"{name}"' for name in names) or "nothing"
            raise DataError(f'{path} has no "{field}"; it has {listed}.{hint(field, names)}')


def _is_name(name: str) -> bool:
    """Whether it can be a field's name; where there is no header it is a customer's message."""
    return len(name) <= _LONGEST_NAME and len(name.split()) <= _MOST_WORDS_OF_NAME


def _no_text(row: Mapping[str, Any], text_field: str) -> str:
    if text_field in row:
        return f'"{text_field}" is a {type(row[text_field]).__name__}, not a string'
    listed = ", ".join(f'"{name}"' for name in list(row)[:8]) or "nothing"
    return f'the row has no "{text_field}"; it has {listed}.{_text_hint(list(row))}'


def _text_hint(names: Sequence[str]) -> str:
    meant = next((name for guess in _GUESSES for name in names if name.lower() == guess), None)
    return f" Did you mean --text-field {meant}?" if meant else ""
