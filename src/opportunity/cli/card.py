"""A suggestion as a card for a terminal: both answers first, then why, then what to do; it fits 100 by 40."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from opportunity.advice.playbook_file import LEVELS
from opportunity.records import Evidence, Ranked, Suggestion

__all__ = ["card"]

WIDTH, HEIGHT = 100, 40
"""Columns and lines of a card at most."""

FRAME = 4
"""Columns that the frame takes."""

LEAST_LINES, MOST_LINES = 3, 9
"""Lines of the complaint that are shown: as many as are left, between these."""

STYLES = {"failure": "underline", "opportunity": "bold black on bright_yellow"}
"""How the words that decided on a head's first label are marked; the later is laid over the earlier."""

SHOWN = (("opportunity", 3), ("failure", 2), ("help", 3), ("urgency", 1), ("heat", 1), ("kind", 1))
"""How many labels of each head are listed with their probabilities."""

WHY = {
    "empty": "there is no text to read",
    "unsupported_language": "it is in no language that is read here",
    "not_a_complaint": "the likeliest kind is {kind}",
    "low_probability": "the likeliest reading, {first}, is not likely enough",
    "narrow_margin": "two readings are nearly as likely, {first} and {second}",
}

_CONTROLS = dict.fromkeys((*range(10), *range(11, 32), *range(127, 160)), " ")
"""Characters that a terminal would obey, all but the line's end."""


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
        At most 100 columns and, of a long complaint only an excerpt being shown, 40 lines.
    """
    return _Card(suggestion, text)


@dataclass(frozen=True)
class _Card:
    suggestion: Suggestion
    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(WIDTH, options.max_width)
        above, below = Group(*_answers(self.suggestion)), Group(*_plan(self.suggestion), _alternatives(self.suggestion))
        inner = options.update(width=max(1, width - FRAME), height=None)
        taken = sum(len(console.render_lines(part, inner, pad=False)) for part in (above, below))
        left = HEIGHT - taken - 4  # two lines are the frame's, two set the complaint off
        excerpt = _excerpt(console, self.suggestion, self.text, max(1, width - 2 * FRAME), left)
        model = self.suggestion.model
        title = Text(f"{self.suggestion.id or 'complaint'} · {model.name} {model.version}")
        yield Panel(Group(above, Padding(excerpt, (1, 2)), below), title=title, border_style="cyan", width=width)


def _answers(suggestion: Suggestion) -> Iterator[RenderableType]:
    if suggestion.answers:
        yield Text("What is the real opportunity here?", style="bold")
        yield Padding(Text(suggestion.answers.opportunity), (0, 0, 0, 2))
        yield Text("How can I help?", style="bold")
        yield Padding(Text(suggestion.answers.help), (0, 0, 0, 2))
    if suggestion.abstained:
        first, second = map(_ranked, suggestion.opportunity[:2])
        why = WHY[suggestion.abstained].format(kind=_ranked(suggestion.kind[0]), first=first, second=second)
        yield Text(f"Held back: {suggestion.abstained.replace('_', ' ')} ({why})", style="bold red")


def _excerpt(console: Console, suggestion: Suggestion, text: str, width: int, lines: int) -> Text:
    """The complaint with the deciding words marked, or as many lines of it as there is room for."""
    lines = min(MOST_LINES, max(LEAST_LINES, lines))
    marked = [x for x in suggestion.evidence if x.head in STYLES and x.label in getattr(suggestion.chosen, x.head)[:1]]
    shown = Text(text.translate(_CONTROLS), style="dim")
    for head, style in STYLES.items():
        for evidence in marked:
            if evidence.head == head:
                shown.stylize(style, evidence.start, evidence.end)
    start = _start(text, marked, width * lines)
    end = start + 2 * width * lines
    rows = list(_in_one_run(shown[start:end], "… " if start else "").wrap(console, width))
    if len(rows) > lines or end < len(text):
        rows = rows[:lines]
        rows[-1].truncate(width - 2)
        rows[-1].append(" …")
    return Text("\n").join(rows)


def _start(text: str, marked: list[Evidence], room: int) -> int:
    """Where an excerpt starts: with the text, unless the words that decided stand too far down to be seen."""
    first = min((x.start for x in marked if x.head == "opportunity"), default=0)
    return 0 if first < room * 3 // 4 else text.rfind(" ", 0, first - room // 4) + 1


def _in_one_run(text: Text, lead: str) -> Text:
    """The text without its line breaks, which would cost a card its lines."""
    lines = [line for line in text.split("\n") if line.plain.strip()]
    return Text.assemble((lead, "dim"), Text(" ").join(lines))


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
        yield Text()


def _alternatives(suggestion: Suggestion) -> Text:
    """The first labels of every head with their probabilities, on a few lines."""
    parts = [f"{head}: {', '.join(map(_ranked, getattr(suggestion, head)[:most]))}" for head, most in SHOWN]
    flags = ", ".join(map(_words, suggestion.chosen.flags)) or "none"
    return Text(" · ".join([*parts, f"flags: {flags}"]), style="dim")


def _ranked(ranked: Ranked) -> str:
    return f"{_words(ranked.label)} {ranked.probability:.2f}"


def _words(label: str) -> str:
    return label.replace("_", " ")
