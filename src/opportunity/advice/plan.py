"""From labels and facts to the two answers, the plan of the reply and the four levels.

The rules are the playbook's policy: what is said in which order, when the plus one is held back, how high to aim.
"""

import re
from collections.abc import Iterable, Mapping

from opportunity.advice.lines import Situation
from opportunity.advice.playbook import Playbook, Policy
from opportunity.advice.playbook_file import LEVELS
from opportunity.records import Answers, Facts, Labels, Level, Levels, Plan

__all__ = ["advise"]

SPOKEN_ACTIONS = 3
"""How many help actions the recovery puts into words; more would be a list, not a letter."""

_SENTENCE = re.compile(r"[.?!]”?(?=\s|$)")
_MOST_SENTENCES = 3


def advise(
    text: str, chosen: Labels, facts: Facts, abstained: str | None, playbook: Playbook
) -> tuple[Answers, Plan | None, Levels | None]:
    """Say what the opportunity is and how to help, and plan the reply.

    Parameters
    ----------
    text : str
        The complaint as the customer gave it.
    chosen : Labels
        What the model chose.
    facts : Facts
        What the text says of the matter.
    abstained : str or None
        Why no advice is given; then the answers say what to ask first, and there is no plan.
    playbook : Playbook

    Returns
    -------
    answers : Answers
    plan : Plan or None
    levels : Levels or None

    Examples
    --------
    >>> from opportunity.advice.playbook import load_playbook
    >>> chosen = Labels("complaint", ("late_or_missing",), ("save_the_moment",), ("expedite",), "now", "upset")
    >>> answers, plan, levels = advise("Where is my dress?", chosen, Facts(), None, load_playbook())
    >>> levels.target
    'exceed'
    """
    if abstained is not None:
        return _ask_first(playbook.situation(text, chosen, facts), abstained, playbook), None, None
    sober = _is_sober(text, chosen, playbook.policy)
    situation = playbook.situation(text, chosen, facts, "sober" if sober else "warm")
    actions = _actions(chosen, playbook)
    opportunity = chosen.opportunity or ("none_clear",)
    answers = Answers(_opportunity_answer(opportunity, situation, playbook), _help_answer(actions, situation, playbook))
    plan = _plan(opportunity[0], actions, chosen, situation, playbook)
    return answers, plan, _levels(opportunity[0], chosen, situation, playbook)


def _ask_first(situation: Situation, reason: str, playbook: Playbook) -> Answers:
    return Answers(
        playbook.pick(f"ask_first.{reason}.opportunity", situation) or "",
        playbook.pick(f"ask_first.{reason}.help", situation) or "",
    )


def _is_sober(text: str, chosen: Labels, policy: Policy) -> bool:
    """Whether cheer would be out of place: danger, fraud, a repeat failure, a death."""
    return _any_of(chosen, policy.sober) or any(
        re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in policy.bereavement
    )


def _any_of(chosen: Labels, wanted: Mapping[str, frozenset[str]]) -> bool:
    return any(labels.intersection(getattr(chosen, head) or ()) for head, labels in wanted.items())


def _actions(chosen: Labels, playbook: Playbook) -> tuple[str, ...]:
    """The help actions that the business offers, in the order in which they are used."""
    offered = tuple(action for action in chosen.help if action not in playbook.limits.not_offered)
    return offered or (playbook.policy.fallback_help if chosen.help else ())


def _opportunity_answer(opportunities: tuple[str, ...], situation: Situation, playbook: Playbook) -> str:
    first, *others = opportunities
    paths = [f"opportunity.{first}.lines", *(f"opportunity.{name}.also" for name in others)]
    return _in_one_breath(paths, situation, playbook, _MOST_SENTENCES)


def _help_answer(actions: tuple[str, ...], situation: Situation, playbook: Playbook) -> str:
    if not actions:
        return playbook.pick("nothing_to_mend.help", situation) or ""
    first, *others = actions
    paths = [f"help.{first}.lines", *(f"help.{name}.then" for name in others[:1])]
    return _in_one_breath(paths, situation, playbook, _MOST_SENTENCES)


def _in_one_breath(paths: Iterable[str], situation: Situation, playbook: Playbook, most: int | None = None) -> str:
    """Say one line of each path, no fact twice, as long as the whole has at most so many sentences."""
    said = ""
    for path in paths:
        line = playbook.pick(path, situation.after(said) if said else situation)
        longer = f"{said} {line or ''}".strip()
        if said and most is not None and len(_SENTENCE.findall(longer)) > most:
            break
        said = longer
    return said


def _plan(opportunity: str, actions: tuple[str, ...], chosen: Labels, situation: Situation, playbook: Playbook) -> Plan:
    react = (f"heard.{next(iter(chosen.failure), 'any')}", f"feeling.{chosen.heat or 'calm'}")
    return Plan(
        react=_in_one_breath(react, situation, playbook),
        respond=playbook.pick(f"respond.{chosen.urgency or 'soon'}", situation) or "",
        recover=_recover(actions, situation, playbook),
        plus_one=_plus_one(opportunity, actions, chosen, situation, playbook),
    )


def _recover(actions: tuple[str, ...], situation: Situation, playbook: Playbook) -> str:
    """The help actions in words, in the policy's order; who owns it is already said in the response."""
    spoken = [name for name in playbook.policy.recover_order if name in actions]
    spoken = [name for name in spoken if name != "own_personally"] or spoken
    said = _in_one_breath((f"help.{name}.say" for name in spoken[:SPOKEN_ACTIONS]), situation, playbook)
    return said or playbook.pick("nothing_to_mend.say", situation) or ""


def _plus_one(
    opportunity: str, actions: tuple[str, ...], chosen: Labels, situation: Situation, playbook: Playbook
) -> str | None:
    """One small extra: never before the fix is named, never where cheer is out of place."""
    mended = not chosen.failure or bool(playbook.policy.base_fixes.intersection(actions))
    if not mended or "sober" in situation.labels["tone"] or playbook.limits.target == LEVELS[0]:
        return None
    return playbook.pick(f"opportunity.{opportunity}.plus_one", situation)


def _levels(opportunity: str, chosen: Labels, situation: Situation, playbook: Playbook) -> Levels:
    meet, exceed, delight, amaze = (playbook.pick(f"opportunity.{opportunity}.{level}", situation) for level in LEVELS)
    return Levels(
        meet or "", exceed or "", delight or "", amaze or "", _target(opportunity, chosen, situation, playbook)
    )


def _target(opportunity: str, chosen: Labels, situation: Situation, playbook: Playbook) -> Level:
    policy = playbook.policy
    aim = LEVELS.index(policy.target[opportunity]) + _any_of(chosen, policy.raised_by)
    caps = [len(LEVELS) - 1, LEVELS.index(playbook.limits.target)]
    if "sober" in situation.labels["tone"]:
        caps.append(LEVELS.index(policy.sober_target))
    return LEVELS[min(aim, *caps)]
