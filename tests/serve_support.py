"""What the tests of the service share: a model, a running service, a vendor that keeps what it is sent."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

import opportunity
from opportunity.serve.signatures import Delivery, sign
from opportunity.serve.vendors import VENDORS
from opportunity.triage import Triage

SECRET = "a-secret-of-the-helpdesk"


@cache
def model() -> Triage:
    return opportunity.load("table")


CLEAR = (
    "Our heating has been off since Monday, my mother is 84, and your engineer did not come again today. This is the "
    "third time you promised.",
    "I was charged twice for my order and nobody answers my emails. I want my money back.",
    "The washing machine you delivered yesterday leaks. I want it replaced.",
)

COMPLAINT = next(text for text in CLEAR if model()(text).abstained is None)
"""A complaint that the shipped model is sure of."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The condition's value as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition}")


@dataclass
class Server:
    """A service in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_server(data_dir: Path, **environment: str) -> Server:
    """Start the service as an installation would, with its settings in the environment."""
    port = free_port()
    given = {
        **os.environ,
        "OPPORTUNITY_PORT": str(port),
        "OPPORTUNITY_DATA_DIR": str(data_dir),
        "OPPORTUNITY_MODEL": "table",
        **environment,
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    code = "from opportunity.serve import load_settings, run; run(load_settings())"
    return spawn_server([sys.executable, "-c", code], port, "/healthz", data_dir / f"server-{port}.log", env=given)


def spawn_server(command: list[str], port: int, path: str, log: Path, **options: Any) -> Server:
    """Start a process that serves on this machine's port, and wait until it answers at the path."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **options)
    server = Server(f"http://127.0.0.1:{port}", process, log)

    def is_up() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"{server.url}{path}", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    eventually(is_up, 120)
    return server


def assert_quick(measure: Callable[[], float], seconds: float) -> None:
    """Measure up to three times; a machine that has no time for this process says nothing about its speed."""
    found: list[float] = []
    for _ in range(3):
        found.append(measure())
        if found[-1] < seconds:
            return
    if _is_starved():
        pytest.skip(f"the machine is too busy to measure {seconds} s on it; it took {min(found):.3f} s")
    raise AssertionError(f"took {min(found):.3f} s at best, not {seconds} s")


def _is_starved() -> bool:
    """Whether this process gets less than two thirds of a processor."""
    wall, processor = time.perf_counter(), time.thread_time()
    while time.thread_time() - processor < 0.2:
        pass
    return time.perf_counter() - wall > 0.3


@dataclass
class FakeVendor:
    """A helpdesk's API that keeps the notes it is sent."""

    url: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0
    tickets: Mapping[str, Any] = field(default_factory=dict)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        self.calls.append((method, path, headers))
        if method == "GET":
            return 200, self.tickets.get(path, self.notes)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return status, {}
        self.notes.append(json.loads(body))
        time.sleep(self.delay)
        return 200, {}


@contextmanager
def vendor_api(vendor: FakeVendor | None = None) -> Iterator[FakeVendor]:
    """Serve a `FakeVendor` on this machine."""
    vendor = vendor or FakeVendor()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, given = vendor.answer(self.command, self.path, headers, body)
            said = json.dumps(given).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except (BrokenPipeError, ConnectionResetError):
                pass

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


EVENTS: dict[str, Callable[[str], Any]] = {
    "zendesk": lambda text: {
        "type": "zen:event-type:ticket.created",
        "detail": {"id": "42", "description": text},
    },
    "zammad": lambda text: {
        "ticket": {"id": 42},
        "article": {"id": 7, "body": text, "sender": "Customer", "internal": False},
    },
    "chatwoot": lambda text: {
        "event": "message_created",
        "id": 7,
        "content": text,
        "message_type": "incoming",
        "private": False,
        "conversation": {"id": 42},
    },
    "freshdesk": lambda text: {"freshdesk_webhook": {"ticket_id": 42, "ticket_description": text}},
    "intercom": lambda text: {
        "type": "notification_event",
        "id": "notif_1",
        "topic": "conversation.user.created",
        "data": {"item": {"id": "42", "source": {"id": "7", "body": f"<p>{text}</p>"}}},
    },
    "hubspot": lambda text: [{"eventId": 1, "subscriptionType": "ticket.creation", "objectId": 42}],
    "django-helpdesk": lambda text: {"ticket": {"id": 42, "description": text}, "queue_slug": "q"},
    "generic": lambda text: {"ticket_id": "42", "text": text},
}


def signed(vendor: str, url: str, event: Any, now: float | None = None, secret: str = SECRET) -> dict[str, Any]:
    """What `httpx.post` is given for a delivery that this vendor signed."""
    proof = VENDORS[vendor].proof
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"content-type": "application/json"}
    if proof.timestamp_header:
        headers[proof.timestamp_header] = stamp(proof.timestamp_form, time.time() if now is None else now)
    delivery = Delivery("POST", f"{url}/v1/webhooks/{vendor}", headers, body)
    headers[proof.header] = sign(proof, secret.encode(), delivery).decode() if proof.digest else secret
    return {"url": delivery.uri, "content": body, "headers": headers}


def stamp(form: str, now: float) -> str:
    if form == "iso":
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return str(int(now * 1000 if form == "milliseconds" else now))
