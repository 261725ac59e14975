"""From labels and facts to the two answers, the plan of the reply and the four levels.

The rules are the playbook's policy: what is said in which order, when the plus one is held back, how high to aim.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from opportunity.advice.lines import Situation
from opportunity.advice.playbook import Playbook, Policy, any_chosen
from opportunity.advice.playbook_file import LEVELS
from opportunity.records import Answers, Facts, Labels, Level, Levels, Plan

__all__ = ["advise"]

SPOKEN_ACTIONS = 3
"""How many help actions the recovery puts into words; more would be a list, not a letter."""

ONCE = ("elapsed", "contacts", "promise")
"""Facts that one of the two answers quotes and the other need not: they say how bad it is, not what to do."""

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
    tone = _tone(text, chosen, playbook.policy)
    if "bereaved" in tone:
        facts = replace(facts, elapsed=None)  # such a time may be that of the death, and is not ours to count
    situation = playbook.situation(text, chosen, facts, tone)
    if abstained is not None:
        return _ask_first(situation, abstained, playbook), None, None
    actions = _actions(chosen, playbook)
    opportunity = chosen.opportunity or ("none_clear",)
    chance = _opportunity_answer(opportunity, situation, playbook)
    answers = Answers(chance, _help_answer(actions, situation.after(chance, ONCE), playbook))
    plan = _plan(opportunity[0], actions, chosen, situation, playbook)
    return answers, plan, _levels(opportunity[0], chosen, situation, playbook)


def _ask_first(situation: Situation, reason: str, playbook: Playbook) -> Answers:
    return Answers(
        playbook.pick(f"ask_first.{reason}.opportunity", situation) or "",
        playbook.pick(f"ask_first.{reason}.help", situation) or "",
    )


def _tone(text: str, chosen: Labels, policy: Policy) -> tuple[str, ...]:
    """Sober where cheer would be out of place: danger, fraud, a repeat failure, a death."""
    if _says(text, policy.condolence):
        return "sober", "bereaved"
    return ("sober",) if any_chosen(chosen, policy.sober) or _says(text, policy.bereavement) else ("warm",)


def _says(text: str, phrases: Iterable[str]) -> bool:
    text = text.lower()
    return any(phrase in text and re.search(rf"\b{re.escape(phrase)}\b", text) for phrase in phrases)


def _actions(chosen: Labels, playbook: Playbook) -> tuple[str, ...]:
    """The help actions that the business offers, in the order in which they are used; a failure is never left alone."""
    offered = tuple(action for action in chosen.help if action not in playbook.limits.not_offered)
    return offered or (playbook.policy.fallback_help if chosen.help or chosen.failure else ())


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
    heard = (f"heard.{next(iter(chosen.failure), 'any')}", f"feeling.{chosen.heat or 'calm'}")
    react = _in_one_breath(heard, situation, playbook)
    return Plan(
        react=react,
        respond=playbook.pick(f"respond.{chosen.urgency or 'soon'}", situation) or "",
        recover=_recover(actions, situation.after(react), playbook),
        plus_one=_plus_one(opportunity, actions, chosen, situation, playbook),
    )


def _recover(actions: tuple[str, ...], situation: Situation, playbook: Playbook) -> str:
    """The help actions in words, in the policy's order; who owns it is already said in the response."""
    unsaid = playbook.policy.unsaid_with
    spoken = [name for name in playbook.policy.recover_order if name in actions]
    spoken = [name for name in spoken if unsaid.get(name, frozenset()).isdisjoint(actions)]
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
    """The four levels; none quotes a fact that the one before it has just quoted."""
    steps: list[str] = []
    for level in LEVELS:
        left = situation.after(steps[-1]) if steps else situation
        steps.append(playbook.pick(f"opportunity.{opportunity}.{level}", left) or "")
    meet, exceed, delight, amaze = steps
    return Levels(meet, exceed, delight, amaze, _target(opportunity, chosen, situation, playbook))


def _target(opportunity: str, chosen: Labels, situation: Situation, playbook: Playbook) -> Level:
    policy = playbook.policy
    aim = LEVELS.index(policy.target[opportunity]) + any_chosen(chosen, policy.raised_by)
    caps = [len(LEVELS) - 1, LEVELS.index(playbook.limits.target)]
    if "sober" in situation.labels["tone"]:
        caps.append(LEVELS.index(policy.sober_target))
    return LEVELS[min(aim, *caps)]
