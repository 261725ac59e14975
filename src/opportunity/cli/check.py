"""``opportunity check``: a complaint and a drafted reply in, the twelve questions answered."""

import json
import sys
from pathlib import Path

from opportunity.advice.reply import ReplyReview, check_reply
from opportunity.text.guard import decode
from opportunity.triage import load

__all__ = ["main"]

MARKS = {"yes": "yes", "no": "NO", "na": "-"}


def main(complaint: str, reply: str | None, *, model: str | None, playbook: Path | None, as_json: bool) -> int:
    """Review the reply and print what to mend."""
    draft = decode(sys.stdin.buffer.read() if reply in (None, "-") else str(reply))[0]
    triage = load(model, playbook=playbook, facts=False)
    review = check_reply(complaint, draft, triage(complaint).chosen, triage.playbook)
    if as_json:
        sys.stdout.write(json.dumps(review.to_dict(), ensure_ascii=False, indent=1) + "\n")
    else:
        _print(review)
    return 0


def _print(review: ReplyReview) -> None:
    sys.stdout.write(f"Am I doing my best?  {review.out_of_ten:g} of 10\n\n")
    for verdict in review.verdicts:
        quote = f"  “{verdict.quote.quote}”" if verdict.quote else ""
        sys.stdout.write(f"  {MARKS[verdict.answer]:4s} {verdict.question.replace('_', ' ')}{quote}\n")
    if review.mend_first:
        example = f", for example: {review.example}" if review.example else ""
        sys.stdout.write(f"\nMend first: {review.mend_first.replace('_', ' ')}{example}\n")
