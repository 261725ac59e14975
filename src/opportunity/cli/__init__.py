"""The command line: one module per command, each parses, calls one function and prints.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 done with rejects.
"""

import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    from opportunity.cli.app import app
    from opportunity.errors import OpportunityError

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # half a character is written as JSON's escape
    try:
        app(prog_name="opportunity")
    except OpportunityError as fault:
        sys.stderr.write(f"opportunity: {fault}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""  # a full disk names no file
        sys.stderr.write(f"opportunity: {where}{fault.strerror or fault}\n")
        sys.exit(1)
