"""``{% opportunity_panel ticket %}``: the panel of one ticket."""

import logging
from collections.abc import Mapping
from typing import Any

from django.template import Library
from django.urls import NoReverseMatch, reverse

from opportunity.integrations.django_helpdesk.notes import complaint_of

__all__ = ["opportunity_panel"]

logger = logging.getLogger("opportunity.helpdesk")


def opportunity_panel(context: Mapping[str, Any], ticket: Any) -> dict[str, Any]:
    """What the panel's template needs; nothing where the app's addresses are not set up."""
    try:
        script = reverse("opportunity_helpdesk:script")
    except NoReverseMatch:
        logger.warning("the panel is not shown: opportunity.integrations.django_helpdesk.urls is not included")
        return {}
    complaint = complaint_of(ticket)
    return {
        "script": script,
        "api": script.rpartition("/")[0] + "/v1",
        "csrf": str(context.get("csrf_token", "")),
        "agent": context["request"].user.get_username(),
        "complaint": {"id": complaint.id, "text": complaint.text, "customer": ticket.submitter_email or None},
    }


register = Library()
register.inclusion_tag("opportunity/panel.html", takes_context=True)(opportunity_panel)
