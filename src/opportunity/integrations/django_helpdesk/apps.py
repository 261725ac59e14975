"""Joins the helpdesk when Django starts."""

from django.apps import AppConfig

__all__ = ["OpportunityConfig"]


class OpportunityConfig(AppConfig):
    """The app; put it into ``INSTALLED_APPS`` before ``helpdesk``."""

    name = "opportunity.integrations.django_helpdesk"
    label = "opportunity_helpdesk"
    verbose_name = "How can I help?"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen for new tickets; nothing is loaded yet."""
        from helpdesk.signals import new_ticket_done

        from opportunity.integrations.django_helpdesk.notes import on_new_ticket

        new_ticket_done.connect(on_new_ticket, dispatch_uid="opportunity")
