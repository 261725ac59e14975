"""``opportunity serve``: start the HTTP service."""

from opportunity.errors import MissingExtraError

__all__ = ["main"]


def main() -> int:
    """Read the settings and serve until stopped."""
    try:
        from opportunity.serve import load_settings
        from opportunity.serve.app import run
    except ImportError as fault:
        raise MissingExtraError("the service", "server") from fault
    run(load_settings())
    return 0
