"""Turns the playbook into helpdesk macros: one draft for each opportunity, for agents to begin from.

::

    python examples/helpdesk_macros.py zendesk > macros.json
    python examples/helpdesk_macros.py django-helpdesk > replies.json && python manage.py loaddata replies.json
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from opportunity.advice.plan import advise
from opportunity.advice.playbook import load_playbook
from opportunity.records import Facts, Labels
from opportunity.taxonomy import OPPORTUNITIES

ACTIONS = {
    "prevent_harm": "escalate",
    "save_the_moment": "expedite",
    "rebuild_trust": "own_personally",
    "make_whole": "refund_or_compensate",
    "restore_dignity": "apologise_for_conduct",
    "remove_effort": "guide",
    "keep_the_customer": "explain",
    "close_expectation_gap": "explain",
    "fix_the_cause": "report_cause",
    "earn_an_advocate": "own_personally",
    "none_clear": "investigate",
}
"""What usually helps, for each opportunity."""


def drafts() -> Iterator[tuple[str, str]]:
    """Give the title and the text of each macro; the agent fills in what is this customer's own."""
    playbook = load_playbook()
    for name in OPPORTUNITIES:
        chosen = Labels(kind="complaint", opportunity=(name,), help=(ACTIONS[name],), urgency="today", heat="upset")
        _, plan, _ = advise("", chosen, Facts(), None, playbook)
        if plan is not None:
            steps = (plan.react, plan.respond, plan.recover, plan.plus_one)
            yield name.replace("_", " ").capitalize(), "\n\n".join(step for step in steps if step)


def zendesk() -> dict[str, Any]:
    """The macros as Zendesk's API takes them; they write a draft and send nothing."""
    return {
        "macros": [
            {"title": f"Opportunity::{title}", "active": True, "actions": [{"field": "comment_value", "value": text}]}
            for title, text in drafts()
        ]
    }


def django_helpdesk() -> list[dict[str, Any]]:
    """The macros as a fixture of django-helpdesk's pre-set replies."""
    return [
        {"model": "helpdesk.presetreply", "fields": {"name": title, "body": text, "queues": []}}
        for title, text in drafts()
    ]


if __name__ == "__main__":
    forms = {"zendesk": zendesk, "django-helpdesk": django_helpdesk}
    print(json.dumps(forms[sys.argv[1] if len(sys.argv) > 1 else "zendesk"](), indent=2, ensure_ascii=False))
