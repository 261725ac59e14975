"""``opportunity evaluate``: a model beside labelled rows."""

import json
import sys
from pathlib import Path

from opportunity.learning.datasets import read_rows
from opportunity.learning.evaluate import Evaluation, evaluate
from opportunity.triage import load

__all__ = ["main", "print_evaluation"]


def main(model: str, data: list[Path], *, texts: list[Path], as_json: bool) -> int:
    """Measure the model and print the figures."""
    evaluation = evaluate(load(model, facts=False).model, read_rows(data, texts=texts))
    if as_json:
        sys.stdout.write(json.dumps(evaluation.to_dict(), indent=1) + "\n")
    else:
        print_evaluation(evaluation)
    return 0


def print_evaluation(evaluation: Evaluation) -> None:
    """Print figures, the table per opportunity, coverage against accuracy, and the calibration error."""
    for name, value in evaluation.figures.items():
        sys.stdout.write(f"{name:34s} {value:.3f}\n")
    sys.stdout.write(f"\n{'primary opportunity':34s} rows  precision  recall     F1\n")
    for row in evaluation.opportunities:
        numbers = f"{row.support:5d} {row.precision:10.2f} {row.recall:7.2f} {row.f1:6.2f}"
        sys.stdout.write(f"{row.label:34s}{numbers}\n")
    sys.stdout.write("\nsurest share   right   least probability\n")
    for point in evaluation.curve:
        sys.stdout.write(f"{point.coverage:12.0%} {point.accuracy:7.2f} {point.probability:19.2f}\n")
    spoken = f"speaks on {evaluation.spoken_coverage:.1%} of rows, right on {evaluation.spoken_accuracy:.1%} of them"
    sys.stdout.write(f"\n{spoken}; calibration error {evaluation.calibration_error:.3f}\n")
