"""A suggestion as a card for a terminal: both answers first, then why, then what to do."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from opportunity.records import Suggestion

__all__ = ["card"]

SHOWN = 600
"""Characters of the complaint that a card shows."""

STYLES = {"opportunity": "bold black on bright_yellow", "failure": "underline", "help": "italic cyan"}
LEVELS = ("meet", "exceed", "delight", "amaze")


def card(suggestion: Suggestion, text: str) -> RenderableType:
    """Draw a suggestion.

    Parameters
    ----------
    suggestion : Suggestion
    text : str
        The complaint as it was given.

    Returns
    -------
    rich renderable
    """
    title = f"{suggestion.id or 'complaint'} · {suggestion.model.name} {suggestion.model.version}"
    return Panel(Group(*_parts(suggestion, text)), title=title, border_style="cyan", width=100)


def _parts(suggestion: Suggestion, text: str) -> Iterator[RenderableType]:
    if suggestion.answers:
        yield Text("What is the real opportunity here?", style="bold")
        yield Padding(Text(suggestion.answers.opportunity), (0, 0, 0, 2))
        yield Text("How can I help?", style="bold")
        yield Padding(Text(suggestion.answers.help), (0, 0, 0, 2))
    if suggestion.abstained:
        yield Text(f"Held back: {suggestion.abstained.replace('_', ' ')}", style="bold red")
    yield Padding(_highlighted(suggestion, text), (1, 2))
    yield from _plan(suggestion)
    yield _alternatives(suggestion)


def _highlighted(suggestion: Suggestion, text: str) -> Text:
    """The complaint with the deciding words marked."""
    out = Text(text[:SHOWN] + ("…" if len(text) > SHOWN else ""), style="dim")
    primary = suggestion.chosen.opportunity[:1]
    for evidence in suggestion.evidence:
        if evidence.head == "opportunity" and (evidence.label,) == primary and evidence.end <= SHOWN:
            out.stylize(STYLES["opportunity"], evidence.start, evidence.end)
    return out


def _plan(suggestion: Suggestion) -> Iterator[RenderableType]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold", width=9, no_wrap=True)
    grid.add_column()
    if plan := suggestion.plan:
        for name, step in (("React", plan.react), ("Respond", plan.respond), ("Recover", plan.recover)):
            grid.add_row(name, Text(step))
        if plan.plus_one:
            grid.add_row("Plus one", Text(plan.plus_one))
    if levels := suggestion.levels:
        for name in LEVELS:
            mark = "→ " if name == levels.target else ""
            grid.add_row(name.capitalize(), Text(mark + getattr(levels, name), style="green" if mark else ""))
    if grid.row_count:
        yield grid


def _alternatives(suggestion: Suggestion) -> Text:
    """The first labels of every head with their probabilities, on a few lines."""
    shown = [("opportunity", 3), ("failure", 2), ("help", 3), ("urgency", 1), ("heat", 1), ("kind", 1)]
    parts = []
    for head, most in shown:
        best = ", ".join(f"{r.label} {r.probability:.2f}" for r in getattr(suggestion, head)[:most])
        parts.append(f"{head}: {best}")
    flags = ", ".join(suggestion.chosen.flags) or "none"
    return Text("\n" + " · ".join([*parts, f"flags: {flags}"]), style="dim")
