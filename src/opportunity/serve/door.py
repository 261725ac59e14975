"""What every request passes before it is answered: its id, its caller, its size, its time; and the log line after.

Pure ASGI, outermost first: `RequestLog`, `Deadline`, `Callers`, `BodyLimit`. None of them reads or logs a body.
"""

import asyncio
import json
import logging
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opportunity.serve.keys import KeyRing

__all__ = ["BodyLimit", "Buckets", "Callers", "Deadline", "RequestLog", "problem"]

logger = logging.getLogger("opportunity.serve")

OPEN_PATHS = ("/healthz", "/openapi.json", "/panel", "/v1/webhooks/")
"""What needs no API key: health, documentation, the panel's files; webhooks prove themselves by their signature."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_CALLERS = 10_000


def problem(message: str, request_id: str | None = None) -> bytes:
    """The body of every refusal."""
    return json.dumps({"error": message, "request_id": request_id}).encode()


async def _refuse(
    scope: Scope, send: Send, status: int, message: str, headers: Mapping[str, str] | None = None
) -> None:
    body = problem(message, scope.get("state", {}).get("request_id"))
    given = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


class RequestLog:
    """Give every request an id, count and time it, and write one line about it without its content."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        labels = ("method", "route", "status")
        self.requests = Counter("opportunity_requests", "Requests answered", labels, registry=registry)
        self.seconds = Histogram("opportunity_request_seconds", "Time to answer", ("route",), registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state.update(request_id=request_id, caller="-")
        status, started = 0, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:  # the last stand: whatever went wrong, the text is not in the log
            logger.error("request=%s failed: %s", request_id, type(error).__name__)  # noqa: TRY400
            if not status:
                await _refuse(scope, send_with_id, 500, "Something went wrong; the request id is in the log.")
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "other"
        self.requests.labels(scope["method"], route, status).inc()
        self.seconds.labels(route).observe(seconds)
        state = scope["state"]
        logger.info(
            "request=%s caller=%s %s %s %d %.1fms",
            state["request_id"], state["caller"], scope["method"], route, status, seconds * 1000,
        )  # fmt: skip


class Deadline:
    """Give up on a request that takes too long, be it to arrive or to be answered."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its time."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        arrived = started = False

        async def receive_noting(*, _receive: Receive = receive) -> Message:
            nonlocal arrived
            message = await _receive()
            arrived = arrived or not message.get("more_body", False)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self.seconds):
                await self.app(scope, receive_noting, send_noting)
        except TimeoutError:
            if started:
                raise
            if arrived:
                await _refuse(scope, send, 503, "The answer took too long; try again.", {"retry-after": "1"})
            else:
                await _refuse(scope, send, 408, "The request took too long to arrive.", {"connection": "close"})


class Buckets:
    """How much each caller may still ask: a token bucket a caller, the longest silent forgotten first."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Take one request; returns 0, or how many seconds to wait where there is none left."""
        now = self.clock()
        tokens, then = self._left.pop(caller, (float(self.per_minute), now))
        tokens = min(float(self.per_minute), tokens + (now - then) * self.per_minute / 60)
        seconds = 0.0 if tokens >= 1 else (1 - tokens) * 60 / self.per_minute
        self._left[caller] = (tokens if seconds else tokens - 1, now)
        if len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return seconds


class Callers:
    """Know who calls by the API key, hold each to its rate, and turn away who has no key."""

    def __init__(self, app: ASGIApp, keys: KeyRing, buckets: Buckets) -> None:
        self.app = app
        self.keys = keys
        self.buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        key = _presented(Headers(scope=scope))
        name = self.keys.name_of(key) if key else None
        address = (scope.get("client") or ("unknown",))[0]
        scope["state"]["caller"] = name or "-"
        if seconds := self.buckets.wait(f"key {name}" if name else f"address {address}"):
            wait = str(int(seconds) + 1)
            await _refuse(scope, send, 429, f"Too many requests; try again in {wait} s.", {"retry-after": wait})
        elif self.keys and name is None and not scope["path"].startswith(OPEN_PATHS):
            message = "This needs an API key: send it as Authorization: Bearer KEY."
            await _refuse(scope, send, 401, message, {"www-authenticate": "Bearer"})
        else:
            await self.app(scope, receive, send)


def _presented(headers: Headers) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


class BodyLimit:
    """Refuse a body that is too large by what it says of itself, and stop reading one that lied."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit and pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        body = None if not said.isdecimal() or int(said[:20]) > self.most else await self._read(receive)
        if body is None:
            message = f"The request is larger than {self.most} bytes; send less at a time."
            await _refuse(scope, send, 413, message, {"connection": "close"})
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Message:
            return next(messages, None) or await receive()

        await self.app(scope, replay, send)

    async def _read(self, receive: Receive) -> bytes | None:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            if size > self.most:
                return None
            more = message.get("more_body", False)
        return b"".join(parts)
