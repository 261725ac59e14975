"""What the project's settings say under ``OPPORTUNITY``."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

__all__ = ["Conf", "conf"]


@dataclass(frozen=True, slots=True)
class Conf:
    """The settings of the app.

    Attributes
    ----------
    model : str or None
        What `opportunity.load` is given; None for the shipped model.
    playbook : str or None
        A playbook that extends the shipped one.
    journal : Path
        Where accepted and corrected suggestions and stories are kept.
    deadline : float
        Seconds that a new ticket waits for its note at most; a later note is written in the background.
    """

    model: str | None
    playbook: str | None
    journal: Path
    deadline: float


def conf() -> Conf:
    """Read the settings."""
    given = getattr(settings, "OPPORTUNITY", {})
    home = Path(getattr(settings, "BASE_DIR", "."))
    return Conf(
        model=given.get("MODEL"),
        playbook=given.get("PLAYBOOK"),
        journal=Path(given.get("JOURNAL") or home / "opportunity-journal.sqlite3"),
        deadline=float(given.get("DEADLINE", 0.02)),
    )
