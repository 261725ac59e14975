"""Puts the service together and runs it."""

import gc
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

import opportunity
from opportunity.journal import Journal
from opportunity.records import Complaint
from opportunity.serve import api, panel, webhooks
from opportunity.serve.deliveries import DeliveryStore
from opportunity.serve.desk import Counts, Desk, Triage
from opportunity.serve.door import BodyLimit, Buckets, Callers, Deadline, RequestLog, problem
from opportunity.serve.settings import Settings
from opportunity.serve.worker import Worker

__all__ = ["create_app", "run"]


def create_app(settings: Settings, triage: Triage | None = None) -> FastAPI:
    """Make the ASGI application.

    Parameters
    ----------
    settings : Settings
    triage : Triage or None
        Answers the requests; None loads the model that the settings name.

    Returns
    -------
    FastAPI
    """
    counts = Counts.new()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = desk = _open_desk(settings, triage, counts)
        desk.worker.start()
        yield
        desk.worker.stop()
        desk.threads.shutdown(wait=False, cancel_futures=True)
        desk.store.close()
        desk.journal.close()

    app = FastAPI(
        title="opportunity",
        summary="What is the real opportunity here, and how can I help?",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(RequestLog, registry=counts.registry),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.exact_origins,
                allow_headers=_ASKED_HEADERS,
                allow_methods=["POST"],
            ),
            Middleware(Deadline, seconds=settings.request_timeout),
            Middleware(Callers, keys=settings.key_ring(), buckets=Buckets(settings.requests_per_minute)),
            Middleware(BodyLimit, most=settings.max_body_bytes),
        ],
        exception_handlers={RequestValidationError: _unreadable, StarletteHTTPException: _refused},
    )
    for router in (api.router, api.open_router, webhooks.router, panel.router):
        app.include_router(router)
    return app


def run(settings: Settings) -> None:
    """Serve until stopped.

    Parameters
    ----------
    settings : Settings
        From `opportunity.serve.load_settings`.
    """
    logging.getLogger("opportunity").setLevel(logging.INFO)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        log_config=_LOGGING,
    )


_WARM_UP = "The parcel never came, and nobody answers."

_ASKED_HEADERS = ("authorization", "content-type")

_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False} for name in ("opportunity", "uvicorn")
    },
}


def _open_desk(settings: Settings, triage: Triage | None, counts: Counts) -> Desk:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    answering = _warm_model(settings) if triage is None else triage
    store = DeliveryStore(settings.data_dir / "deliveries.sqlite3")
    return Desk(
        settings=settings,
        triage=answering,
        playbook=getattr(answering, "playbook", None),
        journal=Journal(settings.data_dir / "journal.sqlite3"),
        store=store,
        worker=Worker(store, answering, settings.webhooks),
        threads=ThreadPoolExecutor(settings.threads, thread_name_prefix="opportunity"),
        counts=counts,
    )


def _warm_model(settings: Settings) -> Triage:
    """Load the model and let it read, short and long and in both ways that it takes, so that no caller waits.

    What is loaded stays as long as the service, so the garbage collector is told to pass over it: to look through it
    takes a tenth of a second, in which nobody is answered.
    """
    triage = opportunity.load(settings.model, playbook=settings.playbook)
    for text in (_WARM_UP, " ".join([_WARM_UP] * 20), "Mein Paket ist nie angekommen."):
        triage(Complaint(text))
    gc.collect()
    gc.freeze()
    return triage


async def _refused(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, StarletteHTTPException) else HTTPException(500)
    body = problem(str(known.detail), request.state.request_id)
    return Response(body, known.status_code, known.headers, media_type="application/json")


async def _unreadable(request: Request, error: Exception) -> Response:
    """Say where a request is wrong, and never what stood there: it may be the customer's text."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    broken = any(fault["type"] == "json_invalid" for fault in faults)
    places = "; ".join(f"{'.'.join(map(str, f['loc']))[:100]}: {f['type'].replace('_', ' ')}" for f in faults[:5])
    message = "The body is not JSON." if broken else f"The request does not have the right form: {places}."
    return Response(problem(message, request.state.request_id), 422, media_type="application/json")
