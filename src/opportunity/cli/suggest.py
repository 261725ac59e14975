"""``opportunity suggest``: one complaint, one card."""

import json
import sys
from pathlib import Path

from opportunity.triage import load

__all__ = ["main"]


def main(text: str | None, *, model: str | None, playbook: Path | None, as_json: bool, facts: bool) -> int:
    """Read one complaint and print what to answer."""
    given: str | bytes = sys.stdin.buffer.read() if text in (None, "-") else str(text)
    suggestion = load(model, playbook=playbook, facts=facts)(given)
    if as_json:
        sys.stdout.write(json.dumps(suggestion.to_dict(), ensure_ascii=False, indent=1) + "\n")
        return 0
    from rich.console import Console

    from opportunity.cli.card import card
    from opportunity.text.guard import decode

    Console().print(card(suggestion, decode(given)[0]))
    return 0
