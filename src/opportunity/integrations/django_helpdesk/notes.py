"""One internal note for every new ticket, and never a ticket the worse for it."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import OperationalError, close_old_connections, transaction

from opportunity.integrations.django_helpdesk.conf import conf
from opportunity.integrations.django_helpdesk.reading import Reading, desk, reads
from opportunity.records import Complaint, Suggestion
from opportunity.serve.notes import HELP, note_markdown

__all__ = ["complaint_of", "on_new_ticket", "write_note"]

logger = logging.getLogger("opportunity.helpdesk")

_WAITS = (0.2, 1.0, 5.0)


def complaint_of(ticket: Any) -> Complaint:
    """What the customer wrote: the description, or the title where there is none."""
    return Complaint(ticket.description or ticket.title or "", id=str(ticket.pk))


def on_new_ticket(sender: object, ticket: Any, **_: object) -> None:
    """Suggest for a new ticket. It waits a moment for the note and leaves a slow one to the background.

    Parameters
    ----------
    sender : object
        Form, public form or mail; tickets of the API come as the form's.
    ticket : helpdesk.models.Ticket
    """
    try:
        _suggest(ticket)
    except Exception as error:  # the ticket comes first; the fault is logged without the customer's words
        logger.error("ticket %s got no note: %s", ticket.pk, type(error).__name__)  # noqa: TRY400


def _suggest(ticket: Any) -> None:
    stuck = reads.is_stuck()
    reading = reads.submit(partial(_read, complaint_of(ticket)))
    if reading is None:
        return
    write = partial(write_note, ticket.pk)
    if not stuck and reading.wait(conf().deadline):
        _write_now(reading, write)
    else:
        transaction.on_commit(partial(_write_later, reading, write), robust=True)


def _read(complaint: Complaint) -> Suggestion:
    return desk.triage(complaint)


def _write_now(reading: Reading[Suggestion], write: Callable[[Suggestion], object]) -> None:
    if reading.result is not None:
        write(reading.result)


def _write_later(reading: Reading[Suggestion], write: Callable[[Suggestion], object]) -> None:
    if not reading.then(partial(_write_in_thread, write)):
        _write_now(reading, write)


def _write_in_thread(write: Callable[[Suggestion], object], suggestion: Suggestion) -> None:
    """Write with a connection of the thread's own; a database that is busy is asked again."""
    try:
        for wait in _WAITS:
            try:
                write(suggestion)
            except OperationalError:
                time.sleep(wait)
            else:
                return
        write(suggestion)
    finally:
        close_old_connections()


def write_note(ticket_id: int, suggestion: Suggestion) -> bool:
    """Write the note, unless the ticket has one.

    It is inserted as it is: saving a follow-up in django-helpdesk's way would write the ticket too, and its API would
    rename the ticket and set off webhooks.

    Parameters
    ----------
    ticket_id : int
    suggestion : Suggestion

    Returns
    -------
    bool
        Whether it was written.
    """
    from helpdesk.models import FollowUp

    from opportunity.integrations.django_helpdesk.models import NotedTicket

    with transaction.atomic():
        _, is_first = NotedTicket.objects.get_or_create(ticket_id=ticket_id)
        if is_first:
            note = FollowUp(ticket_id=ticket_id, title=HELP, comment=note_markdown(suggestion), public=False)
            FollowUp.objects.bulk_create([note])
        return bool(is_first)
