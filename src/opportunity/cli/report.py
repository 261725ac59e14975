"""``opportunity report``: a scored file in, one HTML page out."""

import sys
from pathlib import Path

from opportunity.advice.playbook import load_playbook
from opportunity.cli.exits import DONE_WITH_REJECTS
from opportunity.report import write_report

__all__ = ["main"]


def main(scored: Path, out: Path, *, title: str, date_field: str | None, text_field: str, playbook: Path | None) -> int:
    """Write the page and print the counts."""
    own = load_playbook(playbook)
    done = write_report(scored, out, title=title, text_field=text_field, date_field=date_field, playbook=own)
    sys.stdout.write(f"{done.read} read, {done.rejected} rejected")
    sys.stdout.write(f", see {done.rejects}; " if done.rejects else "; ")
    sys.stdout.write(f"the page is {out}\n")
    return DONE_WITH_REJECTS if done.rejected else 0
