"""How well the shipped models read messages that were looked at for nothing else.

    python benchmarks/unseen.py [backlog.parquet]

They were drawn from the backlog by chance, in the development gold set's mix of sources, and none is in another file.
Two readers labelled each, blind (``data/labels_backlog.jsonl``). Nothing was trained, calibrated, chosen or mended on
them, and nothing may be.
"""

import argparse
from pathlib import Path

from peers import ROOT, SHARED

import opportunity
from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.learning.evaluate import evaluate

LABELS = ROOT / "data" / "labels_backlog.jsonl"
MODELS = ("reader", "table", "auto")
TAUGHT = ("banking77", "cfpb", "nhs", "nyc311", "skytrax", "womens_clothing")
"""Sources with an open licence: others of their messages were taught, and some of these were among the unlabelled texts
on which a reader learned from readers."""


def labelled_rows(backlog: Path) -> dict[str, list[LabelledRow]]:
    """The rows as each reader labelled them, and those whose primary opportunity both name."""
    rows = read_rows([LABELS], texts=[backlog])
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]  # the file has one reader's after the other's
    pairs = zip(first, second, strict=True)
    both = [a for a, b in pairs if a.labels.opportunity[0] == b.labels.opportunity[0]]
    complaints = [row for row in both if row.labels.kind == "complaint"]
    untaught = [row for row in both if not row.id.startswith(TAUGHT)]
    sets = {"first reader": first, "second reader": second, "both agree": both}
    return {**sets, "these, complaints": complaints, "these, new sources": untaught}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backlog", nargs="?", type=Path, default=SHARED / "backlog.parquet")
    path = parser.parse_args().backlog
    if not path.is_file():
        print(f"skipped: {path} is not there; give the Parquet file that the labels' ids are of")
        return 0
    sets = labelled_rows(path)
    print(f"two readers name the same primary opportunity in {len(sets['both agree']) / len(sets['first reader']):.2f}")
    print(f"{'':30s} rows  index  primary  recall at 3  calibration error  speaks on  right when it speaks")
    for name in MODELS:
        model = opportunity.load(name, facts=False).model
        for who, rows in sets.items():
            e = evaluate(model, rows)
            read = (e.figures["index"], e.figures["opportunity_top1"], e.figures["opportunity_recall_at_3"])
            figures = (*read, e.calibration_error, e.spoken_coverage, e.spoken_accuracy)
            print(
                f"{name:8s} {who:21s} {len(rows):4d}"
                + "".join(f"{x:{w}.3f}" for x, w in zip(figures, (7, 9, 13, 19, 11, 22), strict=True))
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
