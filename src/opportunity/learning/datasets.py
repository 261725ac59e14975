"""Labelled rows: read, joined with their texts, and held to the labelling guide."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import DataError
from opportunity.records import Labels
from opportunity.taxonomy import HEADS, TAXONOMY

__all__ = [
    "LabelledRow",
    "apart",
    "domains",
    "faults",
    "fingerprint",
    "groups",
    "label_faults",
    "need_enough",
    "prepared_texts",
    "read_json_lines",
    "read_rows",
]


FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A message and what a reader says of it.

    Attributes
    ----------
    id : str
    text : str
    labels : Labels
    evidence : str or None
        The quote that made the reader choose the primary opportunity.
    pair : str or None
        The id of the message that differs in one fact.
    domain : str
        Where it comes from: its source, else its industry, else the first part of its id.
    facts : mapping of str to str, or None
        A verbatim quote for each kind of fact that the text names; None where nobody looked for facts.
    after : str or None
        The id of the message after which it was written, as others may have been.
    """

    id: str
    text: str
    labels: Labels
    evidence: str | None = None
    pair: str | None = None
    domain: str = ""
    facts: Mapping[str, str] | None = None
    after: str | None = None


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a JSONL file of objects, with line numbers.

    Parameters
    ----------
    path : Path

    Yields
    ------
    tuple of int and dict

    Raises
    ------
    DataError
        Naming file, line and fault, never the content.
    """
    if not path.is_file():
        raise DataError(f"there is no file {path}; give a JSONL file, one object a line")
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _object(path, number, line)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise DataError(f"line {number} of {path} is not a JSON object; write one object a line")
    return values


def read_rows(paths: Iterable[Path], *, texts: Iterable[Path] = ()) -> list[LabelledRow]:
    """Read labelled rows; those that hold an id and no text find it in `texts`.

    Parameters
    ----------
    paths : iterable of Path
        JSONL files of rows in the labelling guide's form.
    texts : iterable of Path
        JSONL or Parquet files with ``id`` and ``text``.

    Returns
    -------
    list of LabelledRow
        In the order of the files.

    Raises
    ------
    DataError
        If a row has no text anywhere, or its labels do not follow the guide.
    """
    known = dict(_text(path, number, row) for path in texts for number, row in _objects(path))
    return [_row(path, number, values, known) for path in paths for number, values in read_json_lines(path)]


def _objects(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    """Read the objects of a JSONL or Parquet file, with line numbers."""
    if path.suffix != ".parquet":
        return read_json_lines(path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return enumerate(pq.read_table(path).to_pylist(), 1)
    except (OSError, pa.ArrowException) as fault:
        raise DataError(f"{path} cannot be read as Parquet; give a JSONL or Parquet file of texts") from fault


def _text(path: Path, number: int, values: Mapping[str, Any]) -> tuple[str, str]:
    if "id" not in values or not isinstance(values.get("text"), str):
        raise DataError(f'line {number} of {path} must have "id" and "text"; it has {_keys(values)}')
    return str(values["id"]), values["text"]


def _row(path: Path, number: int, values: Mapping[str, Any], known: Mapping[str, str]) -> LabelledRow:
    where = f"line {number} of {path}"
    text = values.get("text", known.get(str(values.get("id"))))
    if not isinstance(text, str):
        raise DataError(f'{where} has no "text", and its id is in no file of texts; it has {_keys(values)}')
    if missing := [head for head in HEADS if head not in values]:
        raise DataError(f"{where} lacks {', '.join(missing)}; it has {_keys(values)}")
    if wrong := label_faults(values):
        raise DataError(f"{where}: {wrong[0]}")
    id_ = str(values.get("id", number))
    domain = str(values.get("source") or values.get("industry") or id_.split("-")[0])
    facts = None if "facts" not in values else dict(_facts(values["facts"] or {}, text, where))
    evidence, pair, after = map(values.get, ("evidence", "pair", "after"))
    return LabelledRow(id_, text, Labels.from_dict(values), evidence, pair, domain, facts, after)


def _facts(given: Mapping[str, Any], text: str, where: str) -> Iterator[tuple[str, str]]:
    """The quotes of the facts; of a text that is kept elsewhere it is told from where to where they stand in it."""
    for fact, quote in given.items():
        match quote:
            case None | "":
                pass
            case str():
                yield fact, quote
            case [int(start), int(end)] if 0 <= start < end <= len(text):
                yield fact, text[start:end]
            case _:
                raise DataError(f"{where}: the fact {fact} must be a quote or its start and end in the text")


def _keys(values: Mapping[str, Any]) -> str:
    return ", ".join(f'"{key}"' for key in sorted(values)[:8]) or "nothing"


def faults(values: Mapping[str, Any]) -> list[str]:
    """Say where a row does not follow the labelling guide: unknown labels, and the order of decision.

    Parameters
    ----------
    values : mapping
        A row in the guide's form.

    Returns
    -------
    list of str
        One line per fault; empty when there is none.

    Examples
    --------
    >>> row = {"kind": "complaint", "failure": ["other"], "opportunity": ["make_whole", "prevent_harm"],
    ...        "help": ["explain"], "urgency": "soon", "heat": "calm", "flags": []}
    >>> faults(row)
    ['opportunity must follow the order of decision; it has make_whole, prevent_harm']
    """
    return label_faults(values) or _order_faults(values)


def label_faults(values: Mapping[str, Any]) -> list[str]:
    """Say which labels are unknown, too many, missing, or not in a list where a list is due.

    Parameters
    ----------
    values : mapping
        A row in the guide's form.

    Returns
    -------
    list of str
    """
    return [fault for head in HEADS for fault in _head_faults(head, values[head])]


def _head_faults(name: str, given: Any) -> Iterator[str]:
    head = TAXONOMY[name]
    labels = [given] if head.form == "single" else given
    if not isinstance(labels, Sequence) or isinstance(labels, str):
        yield f"{name} must be a list of labels; it is a {type(given).__name__}"
        return
    for label in labels:
        if not isinstance(label, str) or label not in head.index:
            told = isinstance(label, str) and label.isidentifier()
            given_label = f"the unknown label {label!r}" if told else "a value that is no label"
            yield f"{name} has {given_label}; the guide has {', '.join(head.names)}"
    if len(labels) > head.most or len(set(map(str, labels))) < len(labels):
        yield f"{name} has {len(labels)} labels; it takes at most {head.most}, each once"
    if name == "opportunity" and not labels:
        yield "opportunity is empty; write none_clear where none can be told"


def _order_faults(values: Mapping[str, Any]) -> list[str]:
    opportunity = values["opportunity"]
    advocate_first = values["kind"] == "praise" and opportunity[:1] == ["earn_an_advocate"]
    asked = opportunity[1:] if advocate_first else opportunity
    places = [TAXONOMY["opportunity"].index[label] for label in asked]
    if places != sorted(places):
        return [f"opportunity must follow the order of decision; it has {', '.join(opportunity)}"]
    if "none_clear" in opportunity and len(opportunity) > 1:
        return ["none_clear stands alone in opportunity"]
    return []


def domains(rows: Sequence[LabelledRow], *, at_least: int = 1) -> list[str] | None:
    """Return where each row comes from, both rows of a contrast pair counting as of one domain.

    A model is used on businesses that it has not been taught; only rows of other domains can stand for them.

    Parameters
    ----------
    rows : sequence of LabelledRow
    at_least : int
        How many domains are needed.

    Returns
    -------
    list of str or None
        None where there are fewer, as in one business's own rows, or about as many as rows.
    """
    domain = {row.id: row.domain for row in rows}
    named = [domain.get(min(row.id, row.pair), row.domain) if row.pair else row.domain for row in rows]
    return named if at_least <= len(set(named)) < len(rows) / 2 else None


def groups(rows: Sequence[LabelledRow], *, at_least: int = 2) -> list[str]:
    """Return what must stay on one side of a split: a domain, else both rows of a contrast pair.

    Parameters
    ----------
    rows : sequence of LabelledRow
    at_least : int
        How many domains there must be to split by them.

    Returns
    -------
    list of str
    """
    return domains(rows, at_least=at_least) or [min(row.id, row.pair) if row.pair else row.id for row in rows]


def apart(rows: Sequence[LabelledRow]) -> NDArray[np.bool_]:
    """Tell which rows can judge: those that were not written after the same message as one of another domain.

    Where domains are parted, a model that was taught one of such rows has an easy time with the others.

    Parameters
    ----------
    rows : sequence of LabelledRow

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    found: dict[str | None, set[str]] = {None: set()}
    for row in rows:
        if row.after is not None:
            found.setdefault(row.after, set()).add(row.domain)
    return np.array([len(found[row.after]) < 2 for row in rows], bool)


def prepared_texts(rows: Sequence[LabelledRow]) -> Any:
    """Return the rows' texts as a model reads them.

    Parameters
    ----------
    rows : sequence of LabelledRow

    Returns
    -------
    pyarrow.Array of large_string
    """
    import pyarrow as pa

    from opportunity.text.prepare import prepare_batch

    return prepare_batch(pa.array([row.text for row in rows], pa.large_string()))


def need_enough(rows: Sequence[LabelledRow]) -> None:
    """Refuse to train on too few rows.

    Parameters
    ----------
    rows : sequence of LabelledRow

    Raises
    ------
    DataError
    """
    if len(rows) < FEWEST_ROWS:
        raise DataError(f"there are {len(rows)} labelled rows; at least {FEWEST_ROWS} are needed to train")


def fingerprint(rows: Sequence[LabelledRow]) -> str:
    """Return a SHA-256 over texts and labels, in order.

    Parameters
    ----------
    rows : sequence of LabelledRow

    Returns
    -------
    str
    """
    digest = sha256()
    for row in rows:
        digest.update(json.dumps([row.text, row.labels.to_dict()], sort_keys=True).encode())
    return digest.hexdigest()
