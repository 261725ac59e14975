"""The week in Markdown: recognise it, document it, learn from it."""

from collections import Counter
from collections.abc import Iterator, Mapping

from opportunity.advice.playbook import Playbook, load_playbook
from opportunity.advice.playbook_file import LEVELS
from opportunity.journal.entries import Handled, Story, Week
from opportunity.journal.journal import Journal

__all__ = ["week_digest"]

BEYOND = LEVELS[1:]
"""Levels that are more than what was due."""

_MOST = 5
_EXCERPT = 140
_FEW = 20


def week_digest(journal: Journal, week: Week, playbook: Playbook | None = None) -> str:
    """Write the week's digest.

    Parameters
    ----------
    journal : Journal
    week : Week
    playbook : Playbook, optional
        For the names of opportunities and help actions.

    Returns
    -------
    str
        Markdown.
    """
    words = (playbook or load_playbook()).words
    handled = journal.handled(week)
    lines = [f"# Extra-mile stories, {week}", "", f"{len(handled)} complaints were handled with a suggestion.", ""]
    lines += ["## Recognise it", "", *_recognised(journal.worth_telling(week), words), ""]
    lines += ["## Document it", "", *_documented(journal.stories(week)), ""]
    lines += ["## Learn from it", "", *_learned(handled, words)]
    return "\n".join(lines).rstrip() + "\n"


def _recognised(best: list[Handled], words: Mapping[str, str]) -> Iterator[str]:
    if not best:
        yield "Nothing stands out yet. A complaint shows here once its outcome or its reply's review is written down."
    for handled in best[:_MOST]:
        name = _title(words, "opportunity", handled.opportunity or "")
        reached = f", level reached: {handled.level}" if handled.level else ""
        said = f" They said: “{_one_line(handled.words)}”" if handled.words else ""
        yield f"- **No. {handled.id}** ({name}{reached}): {_excerpt(handled.text)}{said}"


def _documented(stories: list[Story]) -> Iterator[str]:
    if not stories:
        yield "No story was written down this week."
    for story in stories:
        yield f"### {_one_line(story.title)}"
        yield ""
        yield f"- What happened: {_one_line(story.happened)}"
        yield f"- What was done: {_one_line(story.done)}"
        if story.plus_one:
            yield f"- Plus one: {_one_line(story.plus_one)}"
        if story.said:
            yield f"- What was said after: “{_one_line(story.said)}”"
        yield ""


def _learned(handled: list[Handled], words: Mapping[str, str]) -> Iterator[str]:
    known = [h for h in handled if h.level]
    if known and len(known) < _FEW:
        yield f"With {len(known)} outcomes these are hints and no proof."
        yield ""
    yield from _levels_by_action(known, words)
    lines = Counter(h.advice for h in known if h.advice and h.level in BEYOND)
    for line, count in lines.most_common(_MOST):
        yield f"- Said to the agent where it went beyond ({count}): “{_one_line(line)}”"
    mend = Counter(h.mend_first for h in handled if h.mend_first)
    if mend:
        yield f"- To mend first in replies: {_counted(mend)}"
    corrected = Counter(h.opportunity for h in handled if h.corrected and h.opportunity)
    if corrected:
        yield f"- Agents corrected {sum(corrected.values())} suggestions, to: {_counted(corrected)}"
    if not (known or mend or corrected):
        yield "Nothing to learn from yet: no outcome, review or correction was written down this week."


def _levels_by_action(known: list[Handled], words: Mapping[str, str]) -> Iterator[str]:
    """For each help action, how many outcomes went beyond what was due."""
    tried, beyond = Counter[str](), Counter[str]()
    for handled in known:
        tried.update(handled.help)
        if handled.level in BEYOND:
            beyond.update(handled.help)
    for action, count in sorted(tried.items(), key=lambda item: (-beyond[item[0]] / item[1], item[0])):
        yield f"- {_title(words, 'help', action)}: {beyond[action]} of {count} went beyond what was due"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counter.most_common(_MOST))


def _title(words: Mapping[str, str], head: str, label: str) -> str:
    return words.get(f"{head}.{label}.title", label)


def _excerpt(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT].rsplit(' ', 1)[0]} …"


def _one_line(text: str | None) -> str:
    """The text on one line, such that Markdown takes it for text."""
    line = " ".join((text or "").split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in line)
