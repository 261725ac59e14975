"""How well the facts of a suggestion are found: precision and recall of overlapping quotes, per fact.

    python benchmarks/facts.py [gold.jsonl] [--model reader]

The gold set names at most one quote per fact, the most telling one of the message. So three figures are printed:
*precision*, which counts a quote as wrong where the gold names none; *recall*; and *right where named*, the share of
right quotes among those given for messages in which the gold names the fact.
"""

import argparse
import json
from pathlib import Path

import opportunity
from opportunity.model.columns import FACTS
from opportunity.records import Quote

DATA = Path(__file__).parents[1] / "../shared/data/gold_dev.jsonl"


def places(text: str, quote: str) -> list[tuple[int, int]]:
    low, quote, found = text.lower(), quote.lower(), []
    at = low.find(quote)
    while at >= 0:
        found.append((at, at + len(quote)))
        at = low.find(quote, at + 1)
    return found


def overlap(text: str, gold: str, quote: Quote) -> bool:
    """Whether the two share words, at any place where either stands in the text."""
    mine = {(quote.start, quote.end), *places(text, quote.quote)}
    return any(a < d and c < b for a, b in mine for c, d in places(text, gold))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--model", help="a model folder or a shipped model; the default one if left out")
    args = parser.parse_args()
    path = args.data
    if not path.exists():
        print(f"skipped: {path} is not there; give a JSONL file of labelled rows with facts")
        return 0
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    triage = opportunity.load(args.model)
    found = [triage(row["text"]).facts for row in rows]
    print(
        f"{len(rows)} messages of {path.name}, model {triage.model_info.name}\n"
        f"{'fact':10} {'gold':>5} {'given':>6} {'precision':>10} {'recall':>7} {'right where named':>18}"
    )
    for fact in FACTS:
        pairs = [(r["text"], r["facts"].get(fact), getattr(f, fact)) for r, f in zip(rows, found, strict=True)]
        gold = sum(g is not None for _, g, _ in pairs)
        given = sum(q is not None for *_, q in pairs)
        both = sum(g is not None and q is not None for _, g, q in pairs)
        right = sum(g is not None and q is not None and overlap(t, g, q) for t, g, q in pairs)
        figures = (right / given if given else 0.0, right / gold if gold else 0.0, right / both if both else 0.0)
        print(f"{fact:10} {gold:5} {given:6} {figures[0]:10.2f} {figures[1]:7.2f} {figures[2]:18.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
