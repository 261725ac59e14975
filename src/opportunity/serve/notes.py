"""A suggestion as the internal note that an agent reads in the helpdesk: plain, HTML or Markdown."""

import html
import re

from opportunity.records import Suggestion

__all__ = ["note_html", "note_markdown", "note_text"]

OPPORTUNITY = "What is the real opportunity here?"
HELP = "How can I help?"

_MOST_QUOTES = 3
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()>#+\-.!])|([&<~=])")
"""What Markdown takes a backslash before, and what it reads but takes none before: written as a number."""


def note_text(suggestion: Suggestion, reference: str | None = None) -> str:
    """The note as plain text.

    Parameters
    ----------
    suggestion : Suggestion
    reference : str or None
        What marks this note among others.

    Returns
    -------
    str
    """
    return "\n\n".join(f"{title}\n{body}" if title else body for title, body in _paragraphs(suggestion, reference))


def note_html(suggestion: Suggestion, reference: str | None = None) -> str:
    """The note as HTML; every word of it is escaped."""
    return "".join(
        f"<p>{f'<b>{html.escape(title)}</b><br>' if title else ''}{html.escape(body)}</p>"
        for title, body in _paragraphs(suggestion, reference)
    )


def note_markdown(suggestion: Suggestion, reference: str | None = None) -> str:
    """The note as Markdown; what the customer wrote cannot become a link, a picture or a heading."""
    return "\n\n".join(
        f"**{title}**\n{_literal(body)}" if title else _literal(body)
        for title, body in _paragraphs(suggestion, reference)
    )


def _paragraphs(suggestion: Suggestion, reference: str | None) -> list[tuple[str, str]]:
    """Title and body of each paragraph, on one line each."""
    said: list[tuple[str, str]] = []
    if suggestion.answers is not None:
        said += [(OPPORTUNITY, suggestion.answers.opportunity), (HELP, suggestion.answers.help)]
    if quotes := list(dict.fromkeys(e.quote for e in suggestion.evidence))[:_MOST_QUOTES]:
        said.append(("The customer's words", " … ".join(f"“{quote}”" for quote in quotes)))
    said.append(("", _foot(suggestion, reference)))
    return [(title, " ".join(body.split())) for title, body in said]


def _foot(suggestion: Suggestion, reference: str | None) -> str:
    chosen = suggestion.chosen
    labels = (*chosen.opportunity[:1], chosen.urgency and f"urgency {chosen.urgency}", chosen.heat)
    parts = [
        "Suggested by opportunity, for the team only",
        ", ".join(label.replace("_", " ") for label in labels if label),
        f"{suggestion.model.name} {suggestion.model.version}",
        reference and f"note {reference}",
    ]
    return " · ".join(part for part in parts if part)


def _literal(text: str) -> str:
    return _MARKDOWN.sub(lambda sign: f"\\{sign[1]}" if sign[1] else f"&#{ord(sign[2])};", text)
