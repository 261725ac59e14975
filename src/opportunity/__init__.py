"""Read a customer's complaint: what is the real opportunity here, and how can I help.

>>> import opportunity
>>> triage = opportunity.load()
>>> triage("My boiler is off again and the engineer never came.").chosen.kind
'complaint'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opportunity.errors import OpportunityError
    from opportunity.learning.evaluate import evaluate
    from opportunity.learning.train import train
    from opportunity.model.classifier import OpportunityClassifier
    from opportunity.records import Complaint, Labels, Suggestion
    from opportunity.triage import Triage, load

__all__ = [
    "Complaint",
    "Labels",
    "OpportunityClassifier",
    "OpportunityError",
    "Suggestion",
    "Triage",
    "__version__",
    "evaluate",
    "load",
    "train",
]

__version__ = "0.1.0"

_ROOMS = {
    "Complaint": "records",
    "Labels": "records",
    "OpportunityClassifier": "model.classifier",
    "OpportunityError": "errors",
    "Suggestion": "records",
    "Triage": "triage",
    "evaluate": "learning.evaluate",
    "load": "triage",
    "train": "learning.train",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room when it is first asked for (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
