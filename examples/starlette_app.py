"""A Starlette application that answers ``POST /complaints``; the model works in a thread, the loop stays free."""

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import opportunity

triage = opportunity.load()


async def read_complaint(request: Request) -> JSONResponse:
    """Suggest for the message in the body."""
    suggestion = await run_in_threadpool(triage, await request.body())
    return JSONResponse(suggestion.to_dict())


app = Starlette(routes=[Route("/complaints", read_complaint, methods=["POST"])])
