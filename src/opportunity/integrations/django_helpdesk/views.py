"""The panel's operations inside Django: the same requests and answers as the HTTP service's, for staff alone."""

import json
import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel, ValidationError

from opportunity.advice.reply import check_reply
from opportunity.errors import JournalError
from opportunity.integrations.django_helpdesk.reading import desk, reads
from opportunity.records import Complaint
from opportunity.serve.feedback import FeedbackIn
from opportunity.serve.schemas import CheckRequest, ComplaintIn, taxonomy_as_data
from opportunity.serve.static_files import panel_script

__all__ = ["check", "feedback", "script", "staff_only", "suggest", "taxonomy"]

logger = logging.getLogger("opportunity.helpdesk")

T = TypeVar("T")
View = Callable[[HttpRequest], HttpResponse]

ANSWER_SECONDS = 5.0


class _RefusedError(Exception):
    """The request is refused; the message is for the agent and never holds what was sent."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def staff_only(method: str, view: View) -> View:
    """Let only helpdesk staff through, and answer every fault as JSON without the customer's words."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        from helpdesk.decorators import is_helpdesk_staff

        if not is_helpdesk_staff(request.user):
            return JsonResponse({"error": "This is for the helpdesk's staff; log in first."}, status=403)
        if request.method != method:
            return JsonResponse({"error": f"Use {method}."}, status=405, headers={"allow": method})
        try:
            return view(request)
        except _RefusedError as refusal:
            return JsonResponse({"error": str(refusal)}, status=refusal.status)
        except Exception as error:  # the text must not get into Django's error report
            logger.error("%s failed: %s", view.__name__, type(error).__name__)  # noqa: TRY400
            return JsonResponse({"error": "Something went wrong; it is in the log."}, status=500)

    return guarded


def script(request: HttpRequest) -> HttpResponse:
    """The web component."""
    headers = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
    return HttpResponse(panel_script(), content_type="text/javascript; charset=utf-8", headers=headers)


def taxonomy(request: HttpRequest) -> HttpResponse:
    """Every head, its labels and what they mean."""
    return JsonResponse(taxonomy_as_data(), safe=False)


def suggest(request: HttpRequest) -> HttpResponse:
    """Suggest for a complaint."""
    given = _given(request, ComplaintIn)
    suggestion = _in_time(lambda: desk.triage(Complaint(given.text, id=given.id)))
    return JsonResponse(suggestion.to_dict())


def check(request: HttpRequest) -> HttpResponse:
    """Check a drafted reply."""
    given = _given(request, CheckRequest)
    labels = given.chosen.labels() if given.chosen else None
    playbook = _in_time(lambda: desk.triage).playbook
    return JsonResponse(check_reply(given.complaint, given.reply, labels, playbook).to_dict())


def feedback(request: HttpRequest) -> HttpResponse:
    """Keep what the agent did; who the agent is, is known and not taken from the request."""
    given = _given(request, FeedbackIn).root
    keep = partial(_keep, given, request.user.get_username())
    return JsonResponse(_in_time(keep).model_dump())


def _keep(given: Any, agent: str) -> BaseModel:
    about = given if given.kind == "forget" else given.model_copy(update={"agent": agent})
    try:
        return desk.keeper.keep(about)
    except JournalError as error:
        raise _RefusedError(404, str(error)) from None


def _given(request: HttpRequest, kind: type[T]) -> T:
    try:
        return kind.model_validate(json.loads(request.body))  # type: ignore[attr-defined, no-any-return]
    except RequestDataTooBig:
        raise _RefusedError(413, "The request is too large.") from None
    except ValidationError as error:
        places = "; ".join(".".join(map(str, fault["loc"]))[:100] for fault in error.errors(include_input=False)[:5])
        raise _RefusedError(422, f"The request does not have the right form: {places}.") from None
    except (ValueError, RecursionError):
        raise _RefusedError(422, "The body is not JSON.") from None


def _in_time(work: Callable[[], T]) -> T:
    """The result, or a refusal where the model is broken or does not answer."""
    reading = None if reads.is_stuck() else reads.submit(work)
    if reading is None or not reading.wait(ANSWER_SECONDS):
        raise _RefusedError(503, "The model does not answer just now. The ticket is not affected.")
    if isinstance(reading.error, _RefusedError):
        raise reading.error
    if reading.result is None:
        raise _RefusedError(503, "The model cannot be used just now; the reason is in the log.")
    return reading.result
