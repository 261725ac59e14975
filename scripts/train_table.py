"""Rebuild the shipped table from ``data/`` and, where they are, the openly licensed real messages beside the project.

    python scripts/train_table.py [--shared ../shared] [-o models/table]

The texts of real messages stay where they are; ``data/labels_open.jsonl`` holds ids, labels and places. The development
gold set is read last, after the model is written, and for its figures alone.
"""

import argparse
import json
from pathlib import Path

from opportunity.learning.card import write_card
from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.learning.evaluate import evaluate
from opportunity.learning.train import train
from opportunity.model.store import load_model, read_manifest, save_model

ROOT = Path(__file__).parents[1]
VERSION = "2026.11"


def shipped_rows(shared: Path) -> list[LabelledRow]:
    """The project's corpus, and the real messages whose texts are at hand."""
    rows = read_rows([ROOT / "data" / "complaints.jsonl"])
    data = shared / "data"
    if (data / "open_train.jsonl").is_file():
        rows += read_rows([data / "open_train.jsonl"])
    labels, pool = ROOT / "data" / "labels_open.jsonl", data / "open_pool.jsonl"
    if labels.is_file() and pool.is_file():
        rows += read_rows([labels], texts=[pool])
    return rows


def add_gold_figures(folder: Path, gold: Path) -> None:
    """Measure the written model on the development gold set and say so in its card."""
    model, manifest = load_model(folder), read_manifest(folder)
    figures = manifest.figures | {"development_gold": evaluate(model, read_rows([gold])).to_dict()}
    write_card(folder, save_model(model, folder, trained=manifest.trained, figures=figures))
    print(json.dumps(figures["development_gold"]["figures"], indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "models" / "table")
    args = parser.parse_args()
    rows = shipped_rows(args.shared)
    training = train(rows, args.out, model_version=VERSION, n_jobs=-1)
    print(f"{len(rows)} rows; index by cross-validation {training.evaluation.figures['index']:.3f}")
    gold = args.shared / "data" / "gold_dev.jsonl"
    if gold.is_file():
        add_gold_figures(args.out, gold)


if __name__ == "__main__":
    main()
