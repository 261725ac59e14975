"""The panel's file, for whoever serves it."""

from importlib import resources

__all__ = ["PANEL_FILE", "panel_script"]

PANEL_FILE = "opportunity-panel.js"


def panel_script() -> bytes:
    """Return the web component's source."""
    return resources.files("opportunity.serve").joinpath("static", PANEL_FILE).read_bytes()
