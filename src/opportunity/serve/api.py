"""The operations of the HTTP interface: suggest, check a draft, take feedback, describe the model and the labels."""

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response, Security
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse

from opportunity.advice.reply import check_reply
from opportunity.errors import JournalError
from opportunity.records import Complaint, ModelInfo, Suggestion
from opportunity.serve.desk import Desk, desk_of
from opportunity.serve.feedback import FeedbackIn, Keeper, Kept
from opportunity.serve.schemas import (
    PROBLEMS,
    BatchRequest,
    BatchResponse,
    CheckRequest,
    CheckResponse,
    ComplaintIn,
    HeadOut,
    Health,
    Problem,
    taxonomy_as_data,
)

__all__ = ["open_router", "router"]

router = APIRouter(dependencies=[Security(HTTPBearer(auto_error=False))], responses=PROBLEMS)
"""What needs a key, where keys are set. The key itself is asked for at the door, before a body is read."""

open_router = APIRouter(responses={408: PROBLEMS[408], 413: PROBLEMS[413], 429: PROBLEMS[429]})


class Json(JSONResponse):
    """JSON that any text can be written in, half a character included."""

    def render(self, content: Any) -> bytes:
        """Write it with escapes."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


@router.post("/v1/suggest", response_model=Suggestion, tags=["suggest"])
async def suggest(complaint: ComplaintIn, request: Request) -> Response:
    """Say what the real opportunity is in one complaint, and how to help."""
    desk = desk_of(request)
    return Json(await desk.work(_suggest, desk, complaint))


@router.post("/v1/suggest/batch", response_model=BatchResponse, tags=["suggest"])
async def suggest_batch(batch: BatchRequest, request: Request) -> Response:
    """Say it for several complaints at once, in their order."""
    desk = desk_of(request)
    found = await desk.work(lambda: [_suggest(desk, complaint) for complaint in batch.complaints])
    return Json({"suggestions": found})


@router.post("/v1/check", response_model=CheckResponse, tags=["check"])
async def check(draft: CheckRequest, request: Request) -> Response:
    """Ask twelve questions to a drafted reply."""
    desk = desk_of(request)
    labels = draft.chosen.labels() if draft.chosen else None
    review = await desk.work(check_reply, draft.complaint, draft.reply, labels, desk.playbook)
    return Json(review.to_dict())


@router.post(
    "/v1/feedback",
    tags=["feedback"],
    responses={404: {"model": Problem, "description": "The journal knows no such suggestion"}},
)
async def feedback(given: FeedbackIn, request: Request) -> Kept:
    """Keep what the agent did with a suggestion: the library learns from it."""
    desk = desk_of(request)
    keeper = Keeper(desk.journal, desk.triage, desk.playbook)
    try:
        return await desk.work(keeper.keep, given.root, request.state.caller)
    except JournalError as error:
        if getattr(given.root, "suggestion", None) is None:
            raise
        raise HTTPException(404, str(error)) from None


@router.get("/v1/model", tags=["about"])
async def model(request: Request) -> ModelInfo:
    """Which model answers."""
    return desk_of(request).triage.model_info


@router.get("/v1/taxonomy", response_model=list[HeadOut], tags=["about"])
async def taxonomy() -> Response:
    """Every head, its labels and what they mean."""
    return Json(taxonomy_as_data())


@router.get("/metrics", tags=["about"], response_class=Response)
async def metrics(request: Request) -> Response:
    """Counts and times for Prometheus."""
    desk = desk_of(request)
    desk.counts.waiting.set(await desk.work(desk.store.waiting))
    return Response(generate_latest(desk.counts.registry), media_type=CONTENT_TYPE_LATEST)


@open_router.get("/healthz", tags=["about"])
async def healthz() -> Health:
    """Whether the service can answer."""
    return Health(status="ok")


def _suggest(desk: Desk, complaint: ComplaintIn) -> dict[str, Any]:
    suggestion = desk.triage(Complaint(complaint.text, id=complaint.id))
    desk.counts.suggestions.labels(suggestion.abstained or "no").inc()
    return suggestion.to_dict()
