"""What a business needs to write its own playbook: a starting file, a check, and a look at what would be said."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from opportunity.advice.lines import CONDITIONS, FACT_SLOTS, Line
from opportunity.advice.playbook import Playbook, build_playbook
from opportunity.advice.playbook_file import LINE_PATHS, SETTINGS, Source, read_source
from opportunity.taxonomy import TAXONOMY

__all__ = ["check_playbook", "show_playbook", "starting_playbook"]


def check_playbook(path: Path | str) -> tuple[str, ...]:
    """Say in one line each what is wrong with a business's playbook file.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    tuple of str
        Empty where nothing is wrong.

    Raises
    ------
    PlaybookError
        If the file cannot be read at all.
    """
    own = read_source(Path(path))
    if own.faults:
        return own.faults
    playbook = build_playbook(own)
    return (*_never_chosen(own, playbook), *_never_known(own, playbook), *_overpromising(own, playbook))


def _never_chosen(own: Source, playbook: Playbook) -> list[str]:
    """Lines that are always forestalled by an earlier one, which fits wherever they fit."""
    faults = []
    for path, own_lines in own.lines.items():
        hidden: Counter[str] = Counter()
        for line, before in _forestalled(playbook.lines[path]):
            if line.key in own_lines:
                faults.append(
                    f"{path}.{line.key} can never be chosen: {before.key} stands before it and fits wherever it fits"
                )
            else:
                hidden[before.key] += 1
        faults += [
            f"{path}.{key} hides {count} default lines: give it a slot or a when" for key, count in hidden.items()
        ]
    return faults


def _forestalled(lines: tuple[Line, ...]) -> Iterator[tuple[Line, Line]]:
    """Each line that can never be chosen, with the one that stands before it."""
    for i, line in enumerate(lines):
        for before in lines[:i]:
            if before.asks_no_more_than(line) and not before.is_equal_to(line):
                yield line, before
                break


def _never_known(own: Source, playbook: Playbook) -> list[str]:
    """Lines with a slot that only the business's own file could fill, and does not."""
    known = playbook.situation("", None).slots.keys() | set(FACT_SLOTS)
    return [
        f"{path}.{line.key} can never be chosen: this file says no {slot}"
        for path, line in _own_lines(own)
        for slot in sorted(line.needs - known)
    ]


def _overpromising(own: Source, playbook: Playbook) -> list[str]:
    """Lines that promise what only a manager can grant, or claim what nobody can know."""
    return [
        f"{path}.{line.key} says {phrase!r}, which an agent cannot promise"
        for path, line in _own_lines(own)
        for phrase in sorted(playbook.policy.never_said)
        if phrase in line.text.lower()
    ]


def _own_lines(own: Source) -> list[tuple[str, Line]]:
    return [(path, line) for path, lines in own.lines.items() for line in lines.values()]


def show_playbook(playbook: Playbook) -> str:
    """Say what would be said for every label.

    Parameters
    ----------
    playbook : Playbook

    Returns
    -------
    str
        One block per table of lines, in the taxonomy's order, with what each line needs.
    """
    blocks = []
    for path in sorted(playbook.lines, key=_place):
        title = playbook.words.get(f"{path.rpartition('.')[0]}.title")
        heading = f"{path} ({title})" if title else path
        blocks.append(
            "\n".join([heading, *(f"  {line.key}: {line.text}{_asked(line)}" for line in playbook.lines[path])])
        )
    return "\n\n".join(blocks) + "\n"


def _place(path: str) -> tuple[int, int, str]:
    """Where a path stands: opportunities and help actions first, labels in the taxonomy's order."""
    head, _, rest = path.partition(".")
    names = TAXONOMY[head].names if head in TAXONOMY else ()
    label = rest.partition(".")[0]
    order = ("opportunity", "help")
    return order.index(head) if head in order else len(order), names.index(label) if label in names else 0, path


def _asked(line: Line) -> str:
    if not line.when:
        return ""
    return "  [" + "; ".join(f"{head}: {' or '.join(sorted(labels))}" for head, labels in line.when.items()) + "]"


def starting_playbook() -> str:
    """Return a commented file for a business to start from; as it stands it changes nothing.

    Returns
    -------
    str
        TOML.
    """
    return _START.format(
        opportunities=_wrapped(TAXONOMY["opportunity"].names),
        actions=_wrapped(TAXONOMY["help"].names),
        facts=" ".join(f"{{{name}}}" for name in FACT_SLOTS),
        conditions=_wrapped(tuple(CONDITIONS)),
        settings=_wrapped(tuple(f"{table}.{name}" for table, names in SETTINGS.items() for name in names)),
        tables=len(LINE_PATHS),
    )


def _wrapped(names: tuple[str, ...]) -> str:
    """The names as comment lines of about a hundred characters."""
    lines, line = [], "#  "
    for name in names:
        if len(line) + len(name) > 100:
            lines.append(line)
            line = "#  "
        line += f" {name}"
    return "\n".join([*lines, line])


_START = """\
# Our playbook. What stands here goes over the default playbook, line by line; what is not here stays as it is.
# Take the # away from what you want to use, and check the file with: opportunity playbook check <this file>
# What would be said with it, for every label: opportunity playbook show <this file>

# ---- Who we are. Everything here may be left out.
{settings}

[business]
# name = "Harbour Bikes"
# signature = "Ines, Harbour Bikes"
# channels = ["01632 960 100", "help@harbour.example"]      # the preferred way first
# hours = "Monday to Saturday, 9 to 6"

# ---- What an agent may do without asking.

[limits]
# goodwill = 40                       # the largest amount without approval
# currency = "£"
# not_offered = ["release"]           # help actions that we do not offer
# target = "delight"                  # never aim higher than this: meet, exceed, delight or amaze

# ---- By when a customer hears from us, after the urgency of the complaint.

[times]
# now = "within the hour"
# routine = "within the week"

# ---- Lines. There are {tables} tables of them. A line with the key of a default one replaces it, an empty text drops
# it, a new key is tried before the default ones. The opportunities:
{opportunities}
# and the help actions:
{actions}
# Slots are filled with the customer's own words; a line is used only where all its slots are known:
#   {facts}
# and from this file: {{business}} {{signature}} {{channel}} {{hours}} {{goodwill}}; from [times]: {{time}}
# A line may ask for labels with `when`, of any of these:
{conditions}

[opportunity.save_the_moment.lines]
# ride = {{ text = "They want to ride on “{{deadline}}”. Lend them a bike.", when = {{ flags = "deadline" }} }}

[help.repair_or_replace.say]
# item = ""                            # drops the default line with this key
# loan = "Take a loan bike until the {{item}} can be collected; I have put one by for you."
"""
