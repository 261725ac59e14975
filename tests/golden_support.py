"""The golden cards: twenty messages of the corpus, drawn from their own labels and facts, so that no model sways them.

After a change of the playbook or the card that is meant, look at what changed and keep it:

    python tests/golden_support.py && git diff tests/golden
"""

import json
import re
from pathlib import Path

from rich.console import Console

from opportunity.advice.plan import advise
from opportunity.advice.playbook import load_playbook
from opportunity.cli.card import HEIGHT, WIDTH, card
from opportunity.records import Evidence, Facts, Labels, ModelInfo, Quote, Ranked, Suggestion
from opportunity.taxonomy import HEADS, TAXONOMY

GOLDEN = Path(__file__).with_name("golden")
CORPUS = Path(__file__).parents[1] / "data" / "complaints.jsonl"

ABSTAINED = {"a01140": "low_probability", "p1232a": "not_a_complaint"}
"""Messages that are drawn as if the model had held back, and why."""

IDS = (
    "a02045",  # effort: a parcel, a phone line that cut off
    "a02031",  # a loyal customer with a printer
    "a02092",  # dignity at checkout
    "a03057",  # a second time about a mixer
    "a03107",  # a paper to fly with, a clock, somebody vulnerable
    "a03127",  # danger by telephone
    "a03133",  # danger in a laboratory, a long letter
    "a04119",  # a sum to return
    "a01140",  # more than 300 words
    "c1062a",  # tickets
    "m2065",  # a fee, furious
    "m3154",  # dignity, furious
    "m5109",  # a price, after years
    "n1026",  # a review of twelve words
    "p1147a",  # a customer who weighs leaving
    "p1232a",  # praise
    "w2180",  # a funeral
    "w4083",  # a post, tonight
    "w7069",  # a record that is still wrong
    "x4004",  # leaving, furious
)

_LEADING = re.compile(r"(?:the|an?|my|our|your|this|that|one)\s+", re.IGNORECASE)


def golden_cards() -> dict[str, str]:
    """Draw the cards, by the message's id."""
    rows = {row["id"]: row for row in map(json.loads, CORPUS.read_text("utf-8").splitlines()) if row["id"] in IDS}
    return {id_: drawn(suggestion_of(rows[id_]), rows[id_]["text"]) for id_ in IDS}


def drawn(suggestion: Suggestion, text: str) -> str:
    """The card as plain text."""
    console = Console(width=WIDTH, height=HEIGHT, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(card(suggestion, text))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def suggestion_of(row: dict) -> Suggestion:
    """What a model that is right would suggest, with made-up probabilities."""
    chosen, text, abstained = Labels.from_dict(row), row["text"], ABSTAINED.get(row["id"])
    facts = Facts(**{name: _quote(text, quote, name) for name, quote in row["facts"].items() if quote})
    answers, plan, levels = advise(text, chosen, facts, abstained, load_playbook())
    evidence = _quote(text, row["evidence"], "evidence")
    first = chosen.opportunity[0]
    return Suggestion(
        id=row["id"],
        **{head: _ranking(head, getattr(chosen, head), 0.4 if abstained else 0.9) for head in HEADS},
        chosen=chosen,
        abstained=abstained,
        evidence=(Evidence("opportunity", first, evidence.quote, evidence.start, evidence.end),) if evidence else (),
        facts=facts,
        answers=answers,
        plan=plan,
        levels=levels,
        model=ModelInfo("golden", "1"),
    )


def _ranking(head: str, chosen: str | tuple[str, ...] | None, best: float) -> tuple[Ranked, ...]:
    first = (chosen,) if isinstance(chosen, str) else chosen or ()
    others = (name for name in TAXONOMY[head].names if name not in first)
    return tuple(Ranked(name, round(best / 2**i, 2)) for i, name in enumerate((*first, *others)))


def _quote(text: str, quote: str | None, name: str) -> Quote | None:
    """The words where they stand in the text; an item without its article, as the library quotes it."""
    start = text.find(quote or "")
    if not quote or start < 0:
        return None
    end = start + len(quote)
    if name == "item" and (match := _LEADING.match(text, start, end)):
        start = match.end()
    return Quote(text[start:end], start, end)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for id_, text in golden_cards().items():
        (GOLDEN / f"{id_}.txt").write_text(text, encoding="utf-8")
