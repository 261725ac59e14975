"""How far the check of a drafted reply agrees with a careful reader, per question.

    python benchmarks/replies.py [pairs.jsonl] [--labels labelled.jsonl]

With ``--labels`` the complaint's labels are taken from rows of that file whose id ends as the pair's does; otherwise
the check sees the two texts alone.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from opportunity.advice.playbook import load_playbook
from opportunity.advice.playbook_file import QUESTIONS
from opportunity.advice.reply import ReplyReview, check_reply
from opportunity.records import Labels

DATA = Path(__file__).parents[1] / "../shared/data/replies_dev.jsonl"


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--labels", type=Path)
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(f"skipped: {arguments.data} is not there; give a JSONL file of pairs of complaint and reply")
        return 0
    pairs = rows_of(arguments.data)
    labels = {str(row["id"]): Labels.from_dict(row) for row in rows_of(arguments.labels)} if arguments.labels else {}
    playbook = load_playbook()
    reviews = [check_reply(p["complaint"], p["reply"], labels.get(p["id"].removeprefix("r-")), playbook) for p in pairs]
    table(pairs, reviews)
    return 0


def table(pairs: list[dict[str, object]], reviews: list[ReplyReview]) -> None:
    print(f"{len(pairs)} pairs\n{'question':16} {'agreement':>9} {'real':>6} {'written':>8}  reader / check")
    shares = []
    for question in QUESTIONS:
        gold = [pair["answers"][question] for pair in pairs]
        mine = [next(v.answer for v in review.verdicts if v.question == question) for review in reviews]
        right = [a == b for a, b in zip(gold, mine, strict=True)]
        by_origin = {o: [r for r, p in zip(right, pairs, strict=True) if p["origin"] == o] for o in ("real", "written")}
        shares.append(sum(right) / len(right))
        parts = " ".join(f"{sum(by_origin[o]) / max(1, len(by_origin[o])):7.2f}" for o in by_origin)
        print(f"{question:16} {shares[-1]:9.2f} {parts}  {dict(Counter(gold))} / {dict(Counter(mine))}")
    first = sum(p["mend_first"] == r.mend_first for p, r in zip(pairs, reviews, strict=True)) / len(pairs)
    print(f"{'mean':16} {sum(shares) / len(shares):9.2f}   lowest {min(shares):.2f}   same to mend first {first:.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
