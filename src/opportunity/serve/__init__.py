"""The HTTP service: suggestions, draft checks, feedback, signed webhooks and the agent's panel.

Importing this package loads no web framework; its names are loaded when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from opportunity.errors import MissingExtraError

if TYPE_CHECKING:
    from opportunity.serve.app import create_app, run
    from opportunity.serve.keys import new_key
    from opportunity.serve.settings import Settings, SettingsError, load_settings

__all__ = ["Settings", "SettingsError", "create_app", "load_settings", "new_key", "run"]

_HOMES = {
    "Settings": "settings",
    "SettingsError": "settings",
    "create_app": "app",
    "load_settings": "settings",
    "new_key": "keys",
    "run": "app",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("opportunity"):
            raise
        raise MissingExtraError("The HTTP service", "server") from error
