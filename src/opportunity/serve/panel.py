"""The agent's panel: a web component in one static file, and the pages that put it into a helpdesk."""

from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Literal

from fastapi import APIRouter, Request, Response

from opportunity.serve.static_files import PANEL_FILE, panel_script

__all__ = ["content_security_policy", "router"]

ZENDESK_SDK = "https://static.zdassets.com"

router = APIRouter(prefix="/panel", include_in_schema=False)


def content_security_policy(frame_ancestors: Sequence[str], scripts: str = "'self'") -> str:
    """What a page of the panel may load, and who may embed it."""
    rules = {
        "default-src": "'none'",
        "script-src": scripts,
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(("'self'", *frame_ancestors)),
    }
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


@router.get(f"/{PANEL_FILE}")
async def script() -> Response:
    """The web component."""
    headers = {
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=300",
        "x-content-type-options": "nosniff",
    }
    return Response(panel_script(), media_type="text/javascript", headers=headers)


@router.get("")
async def page(request: Request) -> Response:
    """The panel on a page of its own, or in a plain iframe."""
    return _page(request, "page")


@router.get("/zendesk")
async def zendesk(request: Request) -> Response:
    """The panel as a Zendesk sidebar app."""
    return _page(request, "zendesk")


@router.get("/chatwoot")
async def chatwoot(request: Request) -> Response:
    """The panel as a Chatwoot dashboard app."""
    return _page(request, "chatwoot")


def _page(request: Request, host: Literal["page", "zendesk", "chatwoot"]) -> Response:
    origins = request.app.state.desk.settings.frame_ancestors
    sdk = f'<script src="{ZENDESK_SDK}/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js"></script>'
    source = resources.files("opportunity.serve").joinpath("static", "panel.html").read_text(encoding="utf-8")
    html = Template(source).substitute(
        host=host,
        origins=" ".join(origins),
        sdk=sdk if host == "zendesk" else "",
        script=f"/panel/{PANEL_FILE}",
    )
    scripts = f"'self' {ZENDESK_SDK}" if host == "zendesk" else "'self'"
    headers = {
        "content-security-policy": content_security_policy(origins, scripts),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(html, media_type="text/html", headers=headers)
