"""Join the shipped reader with the shipped table, and write how into the reader's manifest.

    python scripts/join_models.py [--shared ../shared]

Uses the domains that the reader's recipe held out; a table is fitted without them. The development gold set is read
last, for its figures alone.
"""

import argparse
from pathlib import Path

from train_table import ROOT, add_gold_figures, shipped_rows

from opportunity.learning.card import write_card
from opportunity.learning.evaluate import measure
from opportunity.learning.fine_tune import Recipe, split
from opportunity.learning.join import join
from opportunity.learning.train import default_classifier
from opportunity.model.store import load_model, read_manifest, save_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--reader", type=Path, default=ROOT / "models" / "reader")
    args = parser.parse_args()
    taught, held = split(shipped_rows(args.shared), Recipe())
    table, manifest = load_model(ROOT / "models" / "table"), read_manifest(args.reader)
    reader = load_model(args.reader, alone=True)
    joint, logits = join(reader, table, default_classifier(n_jobs=-1), taught, held)
    evaluation = measure(joint.calibration.probabilities(logits), [row.labels for row in held], joint.calibration)
    figures = {"held_out_domains": evaluation.to_dict()}
    write_card(args.reader, save_model(joint, args.reader, trained=manifest.trained, figures=figures))
    print(f"index on held-out domains {evaluation.figures['index']:.3f}; the table counts {joint.share}")
    print(f"the table answers alone from a probability of {joint.calibration.sure:.3f}")
    gold = args.shared / "data" / "gold_dev.jsonl"
    if gold.is_file():
        add_gold_figures(args.reader, gold)


if __name__ == "__main__":
    main()
