"""What each cue is worth: how often it is there, and how often the label that it speaks for is then right.

    python benchmarks/cues.py [--shared ../shared] [--patterns] [--cv]

On the training rows: ``data/complaints.jsonl`` and, where they are, the openly licensed real messages. ``--patterns``
prints a line per pattern instead; ``--cv`` measures the table by cross-validation with and without cues (minutes).
"""

import argparse
import json
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow as pa

from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.learning.evaluate import measure
from opportunity.learning.train import cross_validate, default_classifier
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS, targets
from opportunity.model.cues import Cues, shipped_cues
from opportunity.text.known import KnownWords
from opportunity.text.prepare import prepare_batch
from opportunity.text.tokens import tokenize_column

ROOT = Path(__file__).parents[1]
FIGURES = ("index", "opportunity_top1", "opportunity_recall_at_3", "flags_micro_f1", "heat_kappa", "kind_macro_f1")


def one_cue_per_pattern() -> Cues:
    """The shipped patterns, each as a cue named by its own line."""
    data = tomllib.loads(resources.files("opportunity.model").joinpath("cues.toml").read_text("utf-8"))
    lines = [(name, cue["label"], line) for name, cue in data["cues"].items() for line in cue["patterns"].splitlines()]
    classes = "\n".join(f'{name} = "{words}"' for name, words in data["classes"].items())
    cues = [
        f"[cues.{json.dumps(f'{i} {name}: {line}')}]\nlabel = {json.dumps(label)}\npatterns = {json.dumps(line)}\n"
        for i, (name, label, line) in enumerate(lines)
    ]
    return Cues.parse(f'common = "{" ".join(data["common"].split())}"\n[classes]\n{classes}\n{"".join(cues)}'.encode())


def precisions(cues: Cues, texts: pa.Array, rows: list[LabelledRow]) -> None:
    """Print a line per cue; lift is precision over the label's share of all rows."""
    known = KnownWords(cues.words)
    column = tokenize_column(texts, known)
    found = cues.match(cues.numbering(known)[column.numbers], column.n_tokens)
    truth = targets([row.labels for row in rows]) > 0
    print(f"{'rows':>6} {'precision':>9} {'lift':>5} {'recall':>6}  {'speaks for':36} cue")
    for number, (name, label) in enumerate(zip(cues.names, cues.labels, strict=True)):
        there, right = np.zeros(len(rows), bool), truth[:, COLUMNS.index(label)]
        there[found.message[found.cue == number]] = True
        precision = right[there].mean() if there.any() else 0.0
        recall = there[right].mean() if right.any() else 0.0
        lift = precision / max(right.mean(), 1e-9)
        print(f"{there.sum():6} {precision:9.2f} {lift:5.1f} {recall:6.2f}  {':'.join(label):36} {name}")


def with_and_without(texts: list[str], rows: list[LabelledRow]) -> None:
    """Print the table's figures by cross-validation."""
    labels = [row.labels for row in rows]
    for name, cues in (("without cues", None), ("with cues", shipped_cues())):
        logits = cross_validate(default_classifier(n_jobs=-1).set_params(cues=cues), texts, rows)
        calibration = Calibration.fit(logits, labels)
        figures = measure(calibration.probabilities(logits), labels, calibration).figures
        print(f"{name:14}", "  ".join(f"{figure} {figures[figure]:.4f}" for figure in FIGURES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--patterns", action="store_true")
    parser.add_argument("--cv", action="store_true")
    arguments = parser.parse_args()
    files = [ROOT / "data" / "complaints.jsonl", arguments.shared / "data" / "open_train.jsonl"]
    rows = read_rows([path for path in files if path.is_file()])
    texts = prepare_batch(pa.array([row.text for row in rows], pa.large_string()))
    precisions(one_cue_per_pattern() if arguments.patterns else shipped_cues(), texts, rows)
    if arguments.cv:
        with_and_without(texts.to_pylist(), rows)


if __name__ == "__main__":
    main()
