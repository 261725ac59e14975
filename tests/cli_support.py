"""The command run in this process, and files of rows as their endings say."""

import csv
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import write_lines

from opportunity.cli import main

TEXT = "You charged me twice for one ticket, order AB-20931. I want the £40 back."
QUESTION = "Hi, is the 300mb plan available at my postcode?"
SECRET = "zanzibar quokka"
"""Words of a customer; they may stand in no error."""

ROWS = [{"id": "a", "text": TEXT}, {"id": "b", "text": QUESTION}, {"id": "c", "text": f"My {SECRET} is late, again."}]


@dataclass(frozen=True)
class Done:
    """What a run of the command came to."""

    code: int
    out: str
    err: str


def call(*arguments: object, stdin: bytes = b"") -> Done:
    """Run the installed command's own function in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["opportunity", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Done(code, *texts)


def score(source: Path, out: Path, *more: object) -> Done:
    return call("score", source, "-o", out, "--model", "table", *more)


def write(path: Path, rows: list[dict]) -> Path:
    """Write rows as the file's ending says."""
    if path.suffix == ".jsonl":
        return write_lines(path, rows)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict]:
    """Read rows as the file's ending says."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def one_line(done: Done) -> str:
    """The single line that a failed run leaves on standard error."""
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("opportunity: ")
    assert done.err.count("\n") == 1
    assert SECRET not in done.err
    return done.err
