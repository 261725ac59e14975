"""``opportunity train``: labelled rows in, a model folder out."""

import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from opportunity.cli.evaluate import print_evaluation
from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.learning.train import Training

__all__ = ["main"]


def main(
    data: list[Path],
    out: Path,
    texts: list[Path],
    name: str,
    version: str,
    *,
    seed: int,
    doubtful: Path | None = None,
    table: dict[str, Any] | None = None,
    reader: dict[str, Any] | None = None,
) -> int:
    """Train, print the figures on unseen rows and where the model lies; write which labels are doubtful."""
    if doubtful:
        import_module("opportunity.learning.audit")  # what it needs is missed before the training, not after
    rows = read_rows(data, texts=texts)
    training = (
        _train_reader(rows, out, name, version, seed, **reader)
        if reader is not None
        else _train_table(rows, out, name, version, seed, **(table or {}))
    )
    sys.stdout.write(
        f"{len(rows)} rows; measured on rows that were not taught, of other domains where there are enough\n"
    )
    print_evaluation(training.evaluation)
    sys.stdout.write(f"model {name} {version} in {training.folder}; its card is {training.folder / 'MODEL_CARD.md'}\n")
    if doubtful:
        _write_doubts(training, doubtful)
    return 0


def _write_doubts(training: Training, path: Path) -> None:
    from opportunity.learning.audit import find_doubts

    doubts = find_doubts(training.measured, training.probability)
    path.write_text("".join(json.dumps(asdict(doubt)) + "\n" for doubt in doubts), encoding="utf-8")
    sys.stdout.write(
        f"{len(doubts)} of {len(training.measured)} rows are likely labelled wrong; their ids are in {path}\n"
    )


def _train_table(rows: list[LabelledRow], out: Path, name: str, version: str, seed: int, **options: Any) -> Training:
    from opportunity.learning.train import train

    return train(rows, out, name=name, model_version=version, random_state=seed, **options)


def _train_reader(
    rows: list[LabelledRow], out: Path, name: str, version: str, seed: int, *, start: Path | None, epochs: int
) -> Training:
    from opportunity.learning.fine_tune import Recipe, fine_tune

    recipe = Recipe(epochs=epochs, random_state=seed)
    return fine_tune(rows, out, start=start, recipe=recipe, name=name, model_version=version, say=_say)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
