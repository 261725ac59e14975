"""Draw the README's card: what the shipped model says of one complaint, as an SVG picture.

    python scripts/draw_card.py

Draw it again after a change of the model, the playbook or the card.
"""

from pathlib import Path

from rich.console import Console

import opportunity
from opportunity.cli.card import HEIGHT, WIDTH, card

PICTURE = Path(__file__).parents[1] / "docs" / "card.svg"
COMPLAINT = (
    "I ordered the blue suit on the 2nd, order 5512-08, and was told it would be here within five days. "
    "It is now two weeks and I have rung three times; every time somebody promises to call back and nobody does. "
    "My sister's wedding is on Saturday and I have nothing to wear. I paid £180 for it. Where is it?"
)


def main() -> None:
    """Draw and save."""
    console = Console(width=WIDTH, height=HEIGHT, record=True, force_terminal=True, quiet=True)
    suggestion = opportunity.load()(opportunity.Complaint(COMPLAINT, "5512"))
    with console.capture():
        console.print(card(suggestion, COMPLAINT))
    PICTURE.write_text(console.export_svg(title="opportunity suggest --facts"), encoding="utf-8")


if __name__ == "__main__":
    main()
