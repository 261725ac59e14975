"""``opportunity train``: labelled rows in, a model folder out."""

import sys
from pathlib import Path

from opportunity.cli.evaluate import print_evaluation
from opportunity.learning.datasets import read_rows
from opportunity.learning.train import train

__all__ = ["main"]


def main(
    data: list[Path],
    out: Path,
    *,
    texts: list[Path],
    name: str,
    version: str,
    folds: int,
    seed: int,
    jobs: int,
) -> int:
    """Train, print the cross-validation's figures and where the model lies."""
    rows = read_rows(data, texts=texts)
    options = {"name": name, "model_version": version, "folds": folds, "random_state": seed, "n_jobs": jobs}
    training = train(rows, out, **options)  # type: ignore[arg-type]
    sys.stdout.write(f"cross-validation on {len(rows)} rows, {folds} folds\n")
    print_evaluation(training.evaluation)
    sys.stdout.write(f"model {name} {version} in {training.folder}; its card is {training.folder / 'MODEL_CARD.md'}\n")
    return 0
