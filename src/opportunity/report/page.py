"""The page: a summary in words and charts, every word of it escaped, and a policy that forbids any script."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from opportunity.advice.playbook import Playbook
from opportunity.report.charts import Bar, bar_chart, column_chart, percent
from opportunity.report.scored import ScoredRow
from opportunity.report.summary import CANNOT_WAIT, HEATED, Summary, Week
from opportunity.taxonomy import TAXONOMY
from opportunity.text.prepare import prepare

__all__ = ["render"]

LONGEST_MESSAGE, LONGEST_QUOTE = 420, 200
SILENCES = {
    "not_a_complaint": "no complaint: a request, praise or something else",
    "low_probability": "no reading is likely enough",
    "narrow_margin": "two readings are about as likely",
    "unsupported_language": "in a language that cannot be read",
    "empty": "nothing to read",
}
SIDE_HEADS = ("kind", "failure", "urgency", "heat", "flags")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A message as the page shows it: masked, short, its labels in plain words."""

    id: str
    opportunity: str
    urgency: str
    presses: bool
    heat: str
    heated: bool
    flags: tuple[str, ...]
    probability: str
    quote: str | None
    message: str | None
    help: str | None


def render(summary: Summary, title: str, source: str, playbook: Playbook) -> str:
    """Write the page.

    Parameters
    ----------
    summary : Summary
    title : str
    source : str
        What the scored file is called.
    playbook : Playbook
        What the opportunities and the help are called.

    Returns
    -------
    str
        HTML.
    """
    style = _file("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals |= {"percent": percent, "spoken": spoken, "words": playbook.words, "silences": SILENCES}
    page: str = environment.from_string(_file("page.html")).render(
        title=title,
        source=source,
        summary=summary,
        style=Markup(style),
        policy=_policy(style),
        charts=_charts(summary, playbook),
        helps=_ranked(summary.counts["help"]),
        most_urgent=[_shown(row, playbook) for row in summary.most_urgent],
        clearest={o.label: [_shown(row, playbook) for row in o.clearest] for o in summary.opportunities},
    )
    return page


def spoken(label: str) -> str:
    """A label as people write it: ``late_or_missing`` is "Late or missing"."""
    return label.replace("_", " ").capitalize()


def _policy(style: str) -> str:
    """Nothing is loaded and nothing runs; the one style sheet is known by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; script-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _file(name: str) -> str:
    return resources.files("opportunity.report").joinpath(name).read_text(encoding="utf-8")


def _charts(summary: Summary, playbook: Playbook) -> dict[str, Markup]:
    """The charts by what they show; those without a figure are left out."""
    counts = summary.counts
    charts = {head: _bars(TAXONOMY[head].question, _side(counts, head), _base(summary, head)) for head in SIDE_HEADS}
    ranked = {"opportunity": [(o.label, o.count) for o in summary.opportunities], "help": _ranked(counts["help"])}
    for head, found in ranked.items():
        named = [(playbook.words[f"{head}.{label}.title"], number) for label, number in found]
        charts[head] = _bars(TAXONOMY[head].question, named, summary.answered)
    if summary.weeks:
        charts["weeks"] = column_chart(_columns(summary.weeks), "Complaints by week", "today or now")
    return {name: Markup(chart) for name, chart in charts.items() if chart}


def _bars(title: str, counted: Sequence[tuple[str, int]], whole: int) -> str | None:
    return bar_chart([Bar(name, n, n / whole) for name, n in counted], title) if counted else None


def _side(counts: Mapping[str, Mapping[str, int]], head: str) -> list[tuple[str, int]]:
    """What stands on a scale in its order, the strongest first; the rest by number."""
    found = _ranked(counts[head])
    if TAXONOMY[head].ordinal:
        found.sort(key=lambda item: -TAXONOMY[head].index[item[0]])
    return [(spoken(label), number) for label, number in found]


def _base(summary: Summary, head: str) -> int:
    return summary.messages if head == "kind" else summary.complaints


def _ranked(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _columns(weeks: Sequence[Week]) -> list[Bar]:
    most = max(week.complaints for week in weeks)
    return [Bar(f"{w.monday:%-d %b %Y}", w.complaints, w.complaints / most, w.cannot_wait) for w in weeks]


def _shown(row: ScoredRow, playbook: Playbook) -> _Shown:
    chosen = row.chosen
    primary = next(iter(chosen.opportunity), None)
    return _Shown(
        id=_short(row.id, 60),
        opportunity=playbook.words[f"opportunity.{primary}.title"] if primary and not row.abstained else "Not sure",
        urgency=spoken(chosen.urgency or "unknown"),
        presses=chosen.urgency in CANNOT_WAIT,
        heat=spoken(chosen.heat or "unknown"),
        heated=chosen.heat in HEATED,
        flags=tuple(spoken(flag) for flag in chosen.flags),
        probability=percent(row.probability),
        quote=row.evidence and _masked(row.evidence, LONGEST_QUOTE),
        message=row.text and _masked(row.text, LONGEST_MESSAGE),
        help=row.help and _masked(row.help, LONGEST_MESSAGE),
    )


def _masked(text: str, most: int) -> str | None:
    """What the model would see of it, on one line."""
    return _short(" ".join(prepare(text).text.split()), most) or None


def _short(text: str, most: int) -> str:
    """Cut at a word where there is one."""
    if len(text) <= most:
        return text
    cut = text[:most]
    return (cut.rpartition(" ")[0] or cut) + " …"
