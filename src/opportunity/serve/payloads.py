"""From what a vendor sends to the complaints in it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opportunity.serve.vendors import Only, Payload

__all__ = ["Incoming", "PayloadError", "complaints", "delivery_ids", "first", "parse"]

_ID = re.compile(r"[\w.:@-]{1,128}", re.ASCII)


class PayloadError(ValueError):
    """A signed delivery does not have the form that the vendor's row describes."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A complaint that a helpdesk sent.

    Attributes
    ----------
    ticket : str
        The helpdesk's id.
    message : str
        The id of this message in the ticket; empty where the vendor gives none.
    text : str or None
        What the customer wrote; None where it has to be fetched.
    """

    ticket: str
    message: str
    text: str | None


def parse(body: bytes) -> Any:
    """Read a delivery's JSON.

    Raises
    ------
    PayloadError
        Where it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError("The delivery is not JSON.") from None


def complaints(payload: Payload, delivered: Any, *, may_fetch: bool = False) -> tuple[Incoming, ...]:
    """The complaints in a delivery; events that are none are passed over.

    Parameters
    ----------
    payload : Payload
        The vendor's row.
    delivered : Any
        The parsed body: one event, or a list of them.
    may_fetch : bool
        Whether an event without text will do.

    Returns
    -------
    tuple of Incoming

    Raises
    ------
    PayloadError
        Where an event that counts has no ticket id or no text.

    Examples
    --------
    >>> from opportunity.serve.vendors import VENDORS
    >>> complaints(VENDORS["generic"].payload, {"ticket_id": 7, "text": "It never came."})
    (Incoming(ticket='7', message='', text='It never came.'),)
    """
    return tuple(
        _incoming(payload, event, may_fetch)
        for event in _events(delivered)
        if all(_holds(condition, event) for condition in payload.only)
    )


def delivery_ids(payload: Payload, delivered: Any) -> tuple[str, ...]:
    """The delivery ids in a body."""
    found = (first(event, payload.delivery) for event in _events(delivered))
    return tuple(str(value)[:200] for value in found if value is not None)


def first(event: Any, paths: tuple[str, ...]) -> Any:
    """The value at the first path that has one."""
    return next((value for path in paths if (value := _at(event, path)) is not None), None)


def _events(delivered: Any) -> Iterator[Mapping[str, Any]]:
    for event in delivered if isinstance(delivered, list) else [delivered]:
        if not isinstance(event, dict):
            raise PayloadError("The delivery is not a JSON object.")
        yield event


def _incoming(payload: Payload, event: Mapping[str, Any], may_fetch: bool) -> Incoming:
    text = first(event, payload.text)
    if text is not None and not isinstance(text, str):
        raise PayloadError(f"The delivery's {payload.text[0]} is not a text.")
    if text is None and not may_fetch:
        raise PayloadError(f"The delivery has no {' or '.join(payload.text)}.")
    message = first(event, payload.message)
    return Incoming(
        _identifier(first(event, payload.ticket), payload.ticket[0]),
        "" if message is None else _identifier(message, payload.message[0]),
        text,
    )


def _identifier(value: Any, path: str) -> str:
    found = "" if isinstance(value, bool) else str(value) if isinstance(value, int | str) else ""
    if not _ID.fullmatch(found):
        raise PayloadError(f"The delivery's {path} is not an id: up to 128 letters, digits and . : @ _ -")
    return found


def _holds(condition: Only, event: Mapping[str, Any]) -> bool:
    value = _at(event, condition.path)
    return value is None or any(value is v or (value == v and type(value) is type(v)) for v in condition.values)


def _at(event: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(event, dict):
            event = event.get(step)
        elif isinstance(event, list) and step.isdecimal() and int(step) < len(event):
            event = event[int(step)]
        else:
            return None
    return event
