"""``opportunity score``: a file of complaints in, a file of suggestions out."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from opportunity.batch.rows import Row, count_rows, read_rows
from opportunity.batch.score import score_file
from opportunity.cli.exits import DONE_WITH_REJECTS
from opportunity.triage import Triage, load

__all__ = ["main"]

ROWS_TO_CHOOSE_FROM = 20
"""Rows beyond those asked for among which cards that hold nothing back are looked for."""


def main(
    source: Path,
    out: Path,
    *,
    model: str | None,
    playbook: Path | None,
    text_field: str,
    id_field: str,
    keep: list[str],
    advice: bool,
    cards: int,
) -> int:
    """Score the file, print cards and counts."""
    triage = load(model, playbook=playbook)
    with _progress(count_rows(source) if source.is_file() else None) as advance:
        fields = {"text_field": text_field, "id_field": id_field}
        scored = score_file(triage, source, out, keep=keep, advice=advice, progress=advance, **fields)
    if cards:
        _print_cards(triage, source, cards, fields)
    sys.stdout.write(f"{scored.read} read, {scored.written} written to {out}, {scored.rejected} rejected")
    sys.stdout.write(f", see {scored.rejects}\n" if scored.rejects else "\n")
    return DONE_WITH_REJECTS if scored.rejected else 0


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, silence otherwise."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=total)
        yield lambda n: progress.advance(task, n)


def _print_cards(triage: Triage, source: Path, most: int, fields: dict[str, str]) -> None:
    from rich.console import Console

    from opportunity.cli.card import card

    complaints = (row.complaint for row in read_rows(source, **fields) if isinstance(row, Row))
    looked_at = list(islice(complaints, most + ROWS_TO_CHOOSE_FROM))
    suggestions = list(zip(looked_at, triage.pipe(looked_at), strict=True))
    suggestions.sort(key=lambda pair: pair[1].abstained is not None)
    for complaint, suggestion in suggestions[:most]:
        Console().print(card(suggestion, complaint.text))
