"""The helpdesks that may send webhooks: each is one row of data, and a new one is one more row.

A row says how a delivery proves itself (`Proof`), where in the payload the complaint stands (`Payload`), and how an
internal note is written back (`WriteBack`). Paths are keys joined by dots; of several, the first that has a value
counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["VENDORS", "Call", "Only", "Payload", "Proof", "Vendor", "WriteBack"]

Part = Literal["method", "uri", "timestamp", ".", "body"]


@dataclass(frozen=True, slots=True)
class Proof:
    """How a delivery proves where it comes from.

    Attributes
    ----------
    header : str
        Where the signature, or the token itself, stands.
    digest : {"sha1", "sha256"} or None
        What the HMAC uses; None where the vendor cannot sign and sends a token.
    encoding : {"hex", "base64"}
    prefix : str
        What stands before the signature.
    signed : tuple of str
        What is signed, in order.
    timestamp_header : str or None
        When it was signed; None where the vendor does not say.
    timestamp_form : {"seconds", "milliseconds", "iso"}
    """

    header: str = "x-opportunity-token"
    digest: Literal["sha1", "sha256"] | None = None
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signed: tuple[Part, ...] = ("body",)
    timestamp_header: str | None = None
    timestamp_form: Literal["seconds", "milliseconds", "iso"] = "seconds"


@dataclass(frozen=True, slots=True)
class Only:
    """A delivery counts only if this path, where it is there, has one of these values.

    Attributes
    ----------
    path : str
    values : tuple
        None of them where the path must not be there at all.
    """

    path: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Payload:
    """Where the complaint stands in what a vendor sends.

    Attributes
    ----------
    ticket, text, message : tuple of str
        Paths to the ticket's id, the customer's words and the id of this one message.
    delivery : tuple of str
        Paths to the id of the delivery, where it is in the body.
    delivery_header : str or None
        The header that carries it otherwise.
    only : tuple of Only
        What a delivery must be, so that notes, agents' replies and other events are passed over.
    """

    ticket: tuple[str, ...]
    text: tuple[str, ...]
    message: tuple[str, ...] = ()
    delivery: tuple[str, ...] = ()
    delivery_header: str | None = None
    only: tuple[Only, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a vendor's API, with ``{ticket}``, ``{account}`` and ``{note}`` to fill in.

    Attributes
    ----------
    method : str
    path : str
    body : mapping or None
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WriteBack:
    """How an internal note gets to the ticket. There is no row that writes to a customer.

    Attributes
    ----------
    post : Call
        Writes the note.
    find : Call or None
        Reads the ticket's notes, to see whether one that was interrupted arrived; None where that cannot be told,
        and then an interrupted note is not sent again.
    fetch : Call or None
        Reads the complaint where the delivery does not carry it.
    fetched_text : tuple of str
        Paths to the customer's words in what was fetched.
    html : bool
        Whether the note is read as HTML.
    header, credentials : str
        The header that authenticates, and its value with ``{user}`` and ``{token}`` to fill in.
    basic : bool
        Whether the credentials are sent as HTTP Basic.
    """

    post: Call
    find: Call | None = None
    fetch: Call | None = None
    fetched_text: tuple[str, ...] = ()
    html: bool = False
    header: str = "authorization"
    credentials: str = "Bearer {token}"
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Vendor:
    """One helpdesk.

    Attributes
    ----------
    name : str
        As it stands in the webhook's address.
    payload : Payload
    proof : Proof
    write_back : WriteBack or None
    """

    name: str
    payload: Payload
    proof: Proof = field(default_factory=Proof)
    write_back: WriteBack | None = None


_ROWS = (
    Vendor(
        "zendesk",
        Payload(
            ticket=("ticket_id", "detail.id"),
            text=("text", "detail.description"),
            delivery_header="x-zendesk-webhook-invocation-id",
            only=(Only("type", ("zen:event-type:ticket.created",)),),
        ),
        Proof(
            "x-zendesk-webhook-signature",
            "sha256",
            "base64",
            signed=("timestamp", "body"),
            timestamp_header="x-zendesk-webhook-signature-timestamp",
            timestamp_form="iso",
        ),
        WriteBack(
            post=Call(
                "PUT",
                "/api/v2/tickets/{ticket}.json",
                {"ticket": {"comment": {"body": "{note}", "public": False}}},
            ),
            find=Call("GET", "/api/v2/tickets/{ticket}/comments.json?sort=-created_at"),
            credentials="{user}/token:{token}",
            basic=True,
        ),
    ),
    Vendor(
        "zammad",
        Payload(
            ticket=("ticket.id",),
            text=("article.body",),
            message=("article.id",),
            delivery_header="x-zammad-delivery",
            only=(Only("article.sender", ("Customer",)), Only("article.internal", (False,))),
        ),
        Proof("x-hub-signature", "sha1", prefix="sha1="),
        WriteBack(
            post=Call(
                "POST",
                "/api/v1/ticket_articles",
                {
                    "ticket_id": "{ticket}",
                    "subject": "How can I help?",
                    "body": "{note}",
                    "content_type": "text/plain",
                    "type": "note",
                    "internal": True,
                },
            ),
            find=Call("GET", "/api/v1/ticket_articles/by_ticket/{ticket}"),
            credentials="Token token={token}",
        ),
    ),
    Vendor(
        "chatwoot",
        Payload(
            ticket=("conversation.display_id", "conversation.id"),
            text=("content",),
            message=("id",),
            delivery_header="x-chatwoot-delivery",
            only=(
                Only("event", ("message_created",)),
                Only("message_type", ("incoming", 0)),
                Only("private", (False, None)),
            ),
        ),
        Proof(
            "x-chatwoot-signature",
            "sha256",
            prefix="sha256=",
            signed=("timestamp", ".", "body"),
            timestamp_header="x-chatwoot-timestamp",
        ),
        WriteBack(
            post=Call(
                "POST",
                "/api/v1/accounts/{account}/conversations/{ticket}/messages",
                {"content": "{note}", "message_type": "outgoing", "private": True},
            ),
            find=Call("GET", "/api/v1/accounts/{account}/conversations/{ticket}/messages"),
            header="api_access_token",
            credentials="{token}",
        ),
    ),
    Vendor(
        "freshdesk",
        Payload(
            ticket=("ticket_id", "freshdesk_webhook.ticket_id"),
            text=("text", "freshdesk_webhook.ticket_description"),
        ),
        write_back=WriteBack(
            post=Call("POST", "/api/v2/tickets/{ticket}/notes", {"body": "{note}", "private": True}),
            find=Call("GET", "/api/v2/tickets/{ticket}/conversations"),
            html=True,
            credentials="{token}:X",
            basic=True,
        ),
    ),
    Vendor(
        "intercom",
        Payload(
            ticket=("data.item.id",),
            text=("data.item.conversation_parts.conversation_parts.0.body", "data.item.source.body"),
            message=("data.item.conversation_parts.conversation_parts.0.id", "data.item.source.id"),
            delivery=("id",),
            only=(Only("topic", ("conversation.user.created", "conversation.user.replied")),),
        ),
        Proof("x-hub-signature", "sha1", prefix="sha1="),
        WriteBack(
            post=Call(
                "POST",
                "/conversations/{ticket}/reply",
                {"message_type": "note", "type": "admin", "admin_id": "{account}", "body": "{note}"},
            ),
            find=Call("GET", "/conversations/{ticket}"),
            html=True,
        ),
    ),
    Vendor(
        "hubspot",
        Payload(
            ticket=("objectId",),
            text=("content", "properties.content"),
            only=(Only("subscriptionType", ("ticket.creation",)), Only("objectTypeId", ("0-5",))),
        ),
        Proof(
            "x-hubspot-signature-v3",
            "sha256",
            "base64",
            signed=("method", "uri", "body", "timestamp"),
            timestamp_header="x-hubspot-request-timestamp",
            timestamp_form="milliseconds",
        ),
        WriteBack(
            post=Call(
                "POST",
                "/crm/v3/objects/notes",
                {
                    "properties": {"hs_note_body": "{note}", "hs_timestamp": "{now}"},
                    "associations": [
                        {
                            "to": {"id": "{ticket}"},
                            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 228}],
                        }
                    ],
                },
            ),
            fetch=Call("GET", "/crm/v3/objects/tickets/{ticket}?properties=content"),
            fetched_text=("properties.content",),
            html=True,
        ),
    ),
    Vendor(  # no write-back: its API renames the ticket; opportunity.integrations.django_helpdesk writes in process
        "django-helpdesk",
        Payload(ticket=("ticket.id",), text=("ticket.description",), only=(Only("followup_id"),)),
    ),
    Vendor(
        "generic",
        Payload(ticket=("ticket_id",), text=("text",), message=("message_id",), delivery_header="x-delivery-id"),
        write_back=WriteBack(
            post=Call(
                "POST",
                "",
                {"ticket_id": "{ticket}", "note": "{note}", "internal": True, "reference": "{reference}"},
            )
        ),
    ),
)

VENDORS: Mapping[str, Vendor] = MappingProxyType({row.name: row for row in _ROWS})
"""Vendor by name."""
