"""Takes webhooks in: proven first, then parsed, then put on disk; the work is done after the answer."""

import time
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response

from opportunity.serve.deliveries import body_key, id_key
from opportunity.serve.desk import Desk, desk_of
from opportunity.serve.payloads import PayloadError, complaints, delivery_ids, parse
from opportunity.serve.schemas import PROBLEMS, Accepted, Problem
from opportunity.serve.signatures import Delivery, verify
from opportunity.serve.vendors import VENDORS, Vendor

__all__ = ["router"]

router = APIRouter(tags=["webhooks"])

_REFUSALS = {
    "forged": "The signature or token is wrong.",
    "old": "The delivery is more than 300 seconds old.",
}


@router.post(
    "/v1/webhooks/{vendor}",
    status_code=202,
    responses={
        **PROBLEMS,
        200: {"model": Accepted, "description": "Known already, or nothing to work on"},
        404: {"model": Problem, "description": "No such helpdesk, or no secret is set for it"},
    },
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def receive(
    vendor: Annotated[str, Path(json_schema_extra={"enum": list(VENDORS)})],
    request: Request,
    response: Response,
) -> Accepted:
    """Take a delivery from a helpdesk."""
    desk = desk_of(request)
    settings = desk.settings.webhooks.get(vendor)
    if settings is None:
        raise HTTPException(404, f"No secret is set for this helpdesk; known helpdesks are {', '.join(VENDORS)}.")
    row = VENDORS[vendor]
    delivery = Delivery(
        request.method, _uri(request, desk.settings.public_url), _headers(request), await request.body()
    )
    verdict = verify(row.proof, settings.secrets, delivery, time.time())
    if verdict != "genuine":
        raise HTTPException(401, _REFUSALS[verdict])
    try:
        outcome = await _take(desk, row, delivery)
    except PayloadError as error:
        raise HTTPException(422, str(error)) from None
    desk.counts.deliveries.labels(vendor, outcome.status).inc()
    response.status_code = 202 if outcome.status == "accepted" else 200
    return outcome


async def _take(desk: Desk, row: Vendor, delivery: Delivery) -> Accepted:
    delivered = parse(delivery.body)
    may_fetch = row.write_back is not None and row.write_back.fetch is not None
    found = complaints(row.payload, delivered, may_fetch=may_fetch)
    if not found:
        return Accepted(status="passed over")
    ids = [*delivery_ids(row.payload, delivered)]
    if header := delivery.headers.get(row.payload.delivery_header or ""):
        ids.append(header)
    keys = [body_key(row.name, delivery.body), *(id_key(row.name, i) for i in ids)]
    if not await desk.work(desk.store.accept, row.name, keys, found):
        return Accepted(status="repeated")
    desk.worker.wake()
    return Accepted(status="accepted")


def _headers(request: Request) -> dict[str, str]:
    """Every header once; of a repeated one the first."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, value)
    return headers


def _uri(request: Request, public_url: str | None) -> str:
    """The address as the outside calls it."""
    path = request.scope.get("raw_path", b"").decode("latin-1")
    query = request.scope.get("query_string", b"").decode("latin-1")
    base = public_url.rstrip("/") if public_url else f"{request.url.scheme}://{request.url.netloc}"
    return f"{base}{path}?{query}" if query else f"{base}{path}"
