"""Which tickets have their note."""

from django.db import models

__all__ = ["NotedTicket"]


class NotedTicket(models.Model):
    """A ticket that has its note; there is one row a ticket at most, whoever writes at the same time."""

    ticket = models.OneToOneField("helpdesk.Ticket", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"ticket {self.ticket_id}"
