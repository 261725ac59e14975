"""Whether a webhook delivery comes from whom it says, asked before its body is parsed."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from opportunity.serve.vendors import Part, Proof

__all__ = ["MOST_SECONDS", "Delivery", "Verdict", "sign", "verify"]

MOST_SECONDS = 300
"""How far a signed delivery's time may be from now."""

Verdict = Literal["genuine", "forged", "old"]

_DECODED = {
    code: chr(int(code[1:], 16)).encode()
    for code in ["%3A", "%2F", "%3F", "%40", "%21", "%24", "%27", "%28", "%29", "%2A", "%2C", "%3B"]
}
"""What HubSpot decodes in the address before it signs it."""

_ESCAPE = re.compile(rb"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook request as it came, nothing of it parsed.

    Attributes
    ----------
    method : str
    uri : str
        The whole address, as the vendor called it.
    headers : mapping of str to str
        Names in lower case.
    body : bytes
    """

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes


def verify(proof: Proof, secrets: Sequence[bytes], delivery: Delivery, now: float) -> Verdict:
    """Say whether a delivery is genuine; every secret is compared, each in constant time.

    Parameters
    ----------
    proof : Proof
        What the vendor's row asks for.
    secrets : sequence of bytes
        The secret, and the previous one while it is being changed.
    delivery : Delivery
    now : float
        Seconds since 1970.

    Returns
    -------
    {"genuine", "forged", "old"}
    """
    if proof.digest is None:
        given = _token(proof, delivery.headers)
        expected = list(secrets)
    else:
        given = delivery.headers.get(proof.header, "").encode("utf-8", "surrogateescape")
        expected = [sign(proof, secret, delivery) for secret in secrets]
    genuine = False
    for signature in expected:
        genuine |= hmac.compare_digest(given, signature)
    if not genuine:
        return "forged"
    if proof.timestamp_header is not None and not _is_recent(proof, delivery.headers, now):
        return "old"
    return "genuine"


def sign(proof: Proof, secret: bytes, delivery: Delivery) -> bytes:
    """The signature header's value that the vendor would send.

    Parameters
    ----------
    proof : Proof
    secret : bytes
    delivery : Delivery

    Returns
    -------
    bytes
    """
    parts: dict[Part, bytes] = {
        "method": delivery.method.encode(),
        "uri": _ESCAPE.sub(lambda m: _DECODED[m[0].decode().upper()], delivery.uri.encode("utf-8", "surrogateescape")),
        "timestamp": delivery.headers.get(proof.timestamp_header or "", "").encode("utf-8", "surrogateescape"),
        ".": b".",
        "body": delivery.body,
    }
    message = b"".join(parts[part] for part in proof.signed)
    digest = hmac.new(secret, message, getattr(hashlib, proof.digest or "sha256")).digest()
    encoded = base64.b64encode(digest) if proof.encoding == "base64" else digest.hex().encode()
    return proof.prefix.encode() + encoded


def _token(proof: Proof, headers: Mapping[str, str]) -> bytes:
    """The token of a vendor that cannot sign: in its header, or as a Bearer or Basic password."""
    if proof.header in headers:
        return headers[proof.header].encode("utf-8", "surrogateescape")
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return b""


def _is_recent(proof: Proof, headers: Mapping[str, str], now: float) -> bool:
    said = headers.get(proof.timestamp_header or "", "")
    try:
        if proof.timestamp_form == "iso":
            moment = datetime.fromisoformat(said)
            then = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        else:
            then = int(said[:20]) / (1000 if proof.timestamp_form == "milliseconds" else 1)
    except (ValueError, OverflowError):
        return False
    return abs(now - then) <= MOST_SECONDS
