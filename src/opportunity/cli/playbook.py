"""``opportunity playbook``: check, begin and show a business's own lines."""

import sys
from pathlib import Path

from opportunity.advice.authoring import check_playbook, show_playbook, starting_playbook
from opportunity.advice.playbook import load_playbook
from opportunity.errors import PlaybookError

__all__ = ["main"]


def main(action: str, path: Path | None) -> int:
    """Do one of the three."""
    return {"check": _check, "init": _init, "show": _show}[action](path)


def _check(path: Path | None) -> int:
    faults = check_playbook(Path(str(path)))
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    if not faults:
        sys.stdout.write(f"{path} is fine\n")
    return 1 if faults else 0


def _init(path: Path | None) -> int:
    out = Path(str(path))
    if out.exists():
        raise PlaybookError(f"{out} exists already; give the name of a new file")
    out.write_text(starting_playbook(), encoding="utf-8")
    sys.stdout.write(f"wrote {out}; check it with: opportunity playbook check {out}\n")
    return 0


def _show(path: Path | None) -> int:
    sys.stdout.write(show_playbook(load_playbook(path)).rstrip("\n") + "\n")
    return 0
