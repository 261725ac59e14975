"""Exit codes that more than one command gives."""

__all__ = ["DONE_WITH_REJECTS"]

DONE_WITH_REJECTS = 3
