"""How often the primary opportunity is right, beside peers that learned from the same rows.

    python benchmarks/quality.py [gold_dev.jsonl]

The peers learn from the project's corpus and, where they are, the openly licensed real messages beside it: what the
shipped models learned from. The development gold set is only measured on.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from peers import LABELS, PEERS, ROOT, SHARED, corpus, primaries

import opportunity
from opportunity.learning.datasets import LabelledRow, read_rows
from opportunity.model.columns import SLICES
from opportunity.model.store import shipped
from opportunity.text.prepare import prepare_batch


@dataclass(frozen=True)
class Quality:
    """Of one reader of messages: top-1 and recall at 3 of the primary opportunity."""

    name: str
    top1: float
    recall_at_3: float
    seconds: float


def taught_rows() -> list[LabelledRow]:
    """The corpus, and the real messages beside the project whose texts are at hand."""
    rows, real = corpus(), SHARED / "open_train.jsonl"
    if real.is_file():
        rows += read_rows([real])
    labels, pool = ROOT / "data" / "labels_open.jsonl", SHARED / "open_pool.jsonl"
    if labels.is_file() and pool.is_file():
        rows += read_rows([labels], texts=[pool])
    return rows


def prepared(rows: Sequence[LabelledRow]) -> list[str]:
    """The rows' texts as every contestant gets them: cleaned and masked."""
    texts: list[str] = prepare_batch(pa.array([row.text for row in rows], pa.large_string())).to_pylist()
    return texts


def judge(name: str, probability: NDArray[np.float32], gold: Sequence[str], start: float) -> Quality:
    best = np.argsort(-probability, axis=1, kind="stable")[:, :3]
    places = np.array([LABELS.index(label) for label in gold])[:, None]
    return Quality(
        name,
        float((best[:, :1] == places).mean()),
        float((best == places).any(axis=1).mean()),
        time.perf_counter() - start,
    )


def shipped_models(texts: Sequence[str], gold: Sequence[str]) -> list[Quality]:
    out = []
    for name in ("table", "reader"):
        if shipped(name).is_dir():
            start, model = time.perf_counter(), opportunity.load(name, facts=False).model
            probability = model.read_many(pa.array(texts, pa.large_string())).probability[:, SLICES["opportunity"]]
            out.append(judge(f"opportunity, {name}", probability, gold, start))
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", nargs="?", type=Path, default=SHARED / "gold_dev.jsonl")
    path = parser.parse_args().gold
    if not path.is_file():
        print(f"skipped: {path} is not there; give a JSONL file of labelled messages")
        return 0
    rows, taught = read_rows([path]), taught_rows()
    texts, gold = prepared(rows), primaries(rows)
    print(f"{len(taught):,} rows to learn from, {len(rows):,} of {path.name} to measure on\n")
    print(f"{'primary opportunity':46s} top-1  recall at 3  seconds")
    learned, labels = prepared(taught), primaries(taught)
    judged = shipped_models(texts, gold)
    for peer in PEERS:
        if peer.missing:
            print(f"{peer.name:46s} {peer.missing}")
            continue
        start = time.perf_counter()
        judged.append(judge(peer.name, peer.train(learned, labels).predict(texts), gold, start))
    for quality in judged:
        print(f"{quality.name:46s} {quality.top1:5.3f} {quality.recall_at_3:12.3f} {quality.seconds:8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
