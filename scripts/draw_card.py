"""Draw the README's card: what the shipped model says of one complaint, as an SVG picture.

    python scripts/draw_card.py

Draw it again after a change of the model, the playbook or the card.
"""

from io import StringIO
from pathlib import Path

from rich.console import Console

import opportunity
from opportunity.cli.card import HEIGHT, WIDTH, card

PICTURE = Path(__file__).parents[1] / "docs" / "card.svg"
COMPLAINT = (
    "Where is our cake? It was ordered for this morning, order 5512-08, and the party starts at three today. "
    "I have rung the shop four times and nobody picks up. Fourteen children are coming. "
    "Please tell me that somebody is on the way."
)


def main() -> None:
    """Draw and save."""
    console = Console(width=WIDTH, height=HEIGHT, record=True, force_terminal=True, file=StringIO())
    suggestion = opportunity.load()(opportunity.Complaint(COMPLAINT, "5512"))
    console.print(card(suggestion, COMPLAINT))
    PICTURE.write_text(console.export_svg(title="opportunity suggest --facts"), encoding="utf-8")


if __name__ == "__main__":
    main()
