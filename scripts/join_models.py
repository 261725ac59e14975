"""Fit how sure the shipped table must be to answer for the shipped reader, and write it into the reader's manifest.

    python scripts/join_models.py [--shared ../shared]

Uses the domains that the reader's recipe held out; a table is fitted without them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from train_table import ROOT, shipped_rows

from opportunity.learning.card import write_card
from opportunity.learning.fine_tune import Recipe, split
from opportunity.learning.join import sure_enough
from opportunity.learning.train import default_classifier
from opportunity.model.store import load_model, read_manifest, save_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    args = parser.parse_args()
    taught, held = split(shipped_rows(args.shared), Recipe())
    table, folder = load_model(ROOT / "models" / "table"), ROOT / "models" / "reader"
    reader, manifest = load_model(folder), read_manifest(folder)
    sure = sure_enough(default_classifier(n_jobs=-1), table.calibration, taught, held, reader)
    joined = replace(reader, calibration=replace(reader.calibration, sure=sure))
    write_card(folder, save_model(joined, folder, trained=manifest.trained, figures=manifest.figures))
    print(f"the table answers from a probability of {sure:.3f}")


if __name__ == "__main__":
    main()
