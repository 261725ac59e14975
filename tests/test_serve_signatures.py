import base64
import hashlib
import hmac
import random
import time

import pytest
from serve_support import EVENTS, SECRET, signed

from opportunity.serve.signatures import Delivery, verify
from opportunity.serve.vendors import VENDORS, Proof

URL = "https://opportunity.example.com"
SIGNING = [name for name, row in VENDORS.items() if row.proof.digest]
TOKENS = [name for name, row in VENDORS.items() if not row.proof.digest]


def delivery(vendor: str, now: float | None = None) -> Delivery:
    given = signed(vendor, URL, EVENTS[vendor]("It never came."), now)
    return Delivery("POST", given["url"], given["headers"], given["content"])


def verdict(vendor: str, sent: Delivery, *secrets: str) -> str:
    return verify(VENDORS[vendor].proof, [s.encode() for s in secrets or (SECRET,)], sent, time.time())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_genuine_delivery_is_taken_and_a_forged_one_is_not(vendor: str) -> None:
    assert verdict(vendor, delivery(vendor)) == "genuine"
    assert verdict(vendor, delivery(vendor), "another-secret-altogether") == "forged"
    assert verdict(vendor, Delivery("POST", URL, {}, delivery(vendor).body)) == "forged"


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_previous_secret_counts_while_it_is_changed(vendor: str) -> None:
    assert verdict(vendor, delivery(vendor), "the-new-secret-of-the-desk", SECRET) == "genuine"


@pytest.mark.parametrize("vendor", [name for name in SIGNING if VENDORS[name].proof.timestamp_header])
@pytest.mark.parametrize(("seconds", "expected"), [(-310, "old"), (310, "old"), (-200, "genuine")])
def test_a_delivery_is_good_for_five_minutes(vendor: str, seconds: float, expected: str) -> None:
    assert verdict(vendor, delivery(vendor, time.time() + seconds)) == expected


def test_zendesk_signs_timestamp_and_body() -> None:
    expected = base64.b64encode(hmac.new(b"k" * 16, b"2021-03-25T05:09:27Z{}", hashlib.sha256).digest())
    headers = {
        "x-zendesk-webhook-signature": expected.decode(),
        "x-zendesk-webhook-signature-timestamp": "2021-03-25T05:09:27Z",
    }
    proof = VENDORS["zendesk"].proof
    assert verify(proof, [b"k" * 16], Delivery("POST", URL, headers, b"{}"), 1616648967) == "genuine"


def test_hubspot_signs_the_decoded_address() -> None:
    address = f"{URL}/v1/webhooks/hubspot?at=10%3A30&plus=a%2Bb"
    message = f"POST{URL}/v1/webhooks/hubspot?at=10:30&plus=a%2Bb[]1616648967000"
    expected = base64.b64encode(hmac.new(b"k" * 16, message.encode(), hashlib.sha256).digest())
    headers = {"x-hubspot-signature-v3": expected.decode(), "x-hubspot-request-timestamp": "1616648967000"}
    assert (
        verify(VENDORS["hubspot"].proof, [b"k" * 16], Delivery("POST", address, headers, b"[]"), 1616648967)
        == "genuine"
    )


@pytest.mark.parametrize(("vendor", "digest"), [("zammad", "sha1"), ("intercom", "sha1"), ("chatwoot", "sha256")])
def test_the_others_sign_in_hex(vendor: str, digest: str) -> None:
    now = str(int(time.time()))
    message = f"{now}.{{}}" if vendor == "chatwoot" else "{}"
    signature = f"{digest}={hmac.new(b'k' * 16, message.encode(), digest).hexdigest()}"
    headers = {VENDORS[vendor].proof.header: signature, "x-chatwoot-timestamp": now}
    assert verify(VENDORS[vendor].proof, [b"k" * 16], Delivery("POST", URL, headers, b"{}"), time.time()) == "genuine"


@pytest.mark.parametrize("vendor", TOKENS)
@pytest.mark.parametrize(
    "headers",
    [
        {"x-opportunity-token": SECRET},
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": "Basic " + base64.b64encode(f"desk:{SECRET}".encode()).decode()},
    ],
)
def test_who_cannot_sign_sends_a_token(vendor: str, headers: dict[str, str]) -> None:
    assert verdict(vendor, Delivery("POST", URL, headers, b"{}")) == "genuine"


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Basic", "Bearer", "", "Digest x", "Basic " + base64.b64encode(SECRET.encode()).decode()]
)
def test_a_broken_token_is_forged(header: str) -> None:
    assert verdict("generic", Delivery("POST", URL, {"authorization": header}, b"{}")) == "forged"


@pytest.mark.parametrize(
    "stamp", ["", "x", "9" * 400, "-1", "1e3", "2021-99-99T00:00:00Z", "0001-01-01T00:00:00+23:59"]
)
@pytest.mark.parametrize("form", ["seconds", "milliseconds", "iso"])
def test_a_timestamp_that_is_none_is_old(stamp: str, form: str) -> None:
    proof = Proof("s", "sha256", signed=("timestamp", "body"), timestamp_header="t", timestamp_form=form)  # type: ignore[arg-type]
    signature = hmac.new(b"k", stamp.encode() + b"{}", "sha256").hexdigest()
    assert verify(proof, [b"k"], Delivery("POST", URL, {"s": signature, "t": stamp}, b"{}"), time.time()) == "old"


def mutated(text: str, chance: random.Random) -> str:
    """The text with one thing changed: a character, its case, its length, its order, its padding."""
    at = chance.randrange(len(text))
    other = chance.choice([c for c in "0123456789abcdefABCDEF+/= é\x00" if c != text[at]])
    changes = [
        text[:at] + other + text[at + 1 :],
        text[:at] + text[at + 1 :],
        text[:at] + other + text[at:],
        text[:at] + text[at].swapcase() + text[at + 1 :],
        text[at:] + text[:at],
        text + chance.choice(["=", " ", "\n", "0", "\x00"]),
        text.rstrip("="),
        text.upper(),
        "",
    ]
    return chance.choice([change for change in changes if change != text])


def test_of_ten_thousand_mutated_signatures_none_is_accepted() -> None:
    chance = random.Random(5)
    sent = {name: delivery(name) for name in SIGNING}
    accepted = 0
    for i in range(10_000):
        name = SIGNING[i % len(SIGNING)]
        genuine, header = sent[name], VENDORS[name].proof.header
        headers = {**genuine.headers, header: mutated(genuine.headers[header], chance)}
        accepted += verdict(name, Delivery("POST", genuine.uri, headers, genuine.body)) != "forged"
    assert accepted == 0


@pytest.mark.parametrize("vendor", SIGNING)
def test_a_changed_body_or_timestamp_breaks_the_signature(vendor: str) -> None:
    chance = random.Random(7)
    genuine, stamp = delivery(vendor), VENDORS[vendor].proof.timestamp_header
    for _ in range(300):
        body = bytearray(genuine.body)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        assert verdict(vendor, Delivery("POST", genuine.uri, genuine.headers, bytes(body))) == "forged"
    if stamp:
        said = genuine.headers[stamp]
        headers = {**genuine.headers, stamp: said.replace(said[3], str(9 - int(said[3])), 1)}
        assert verdict(vendor, Delivery("POST", genuine.uri, headers, genuine.body)) == "forged"
