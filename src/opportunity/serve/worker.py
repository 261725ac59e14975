"""Works off the accepted deliveries: reads the complaint, suggests, and writes the internal note back."""

import base64
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from opportunity.records import Complaint, Suggestion
from opportunity.serve.deliveries import DeliveryStore, Job
from opportunity.serve.notes import note_html, note_text
from opportunity.serve.payloads import first
from opportunity.serve.settings import VendorSettings
from opportunity.serve.vendors import VENDORS, Call, WriteBack

__all__ = ["Worker"]

logger = logging.getLogger("opportunity.serve.worker")

_MOST_ATTEMPTS = 8
_LONGEST_WAIT = 900.0
_IDLE_SECONDS = 0.25
_TRY_AGAIN = frozenset((408, 425, 429))


class _RefusedError(Exception):
    """The vendor said no, and nothing was written."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the vendor answered {status}")
        self.for_good = status not in _TRY_AGAIN


class Worker:
    """One thread that works off the deliveries of one store.

    Only one process works on a store at a time; the operating system frees the place when that process dies.

    Parameters
    ----------
    store : DeliveryStore
    triage : callable
        From a `Complaint` to its `Suggestion`.
    vendors : mapping of str to VendorSettings
        Where notes are written back to.
    seconds : float
        How long the vendor's API may take.
    first_wait : float
        Seconds before the second attempt; each further wait is four times as long, up to a quarter of an hour.
    """

    def __init__(
        self,
        store: DeliveryStore,
        triage: Callable[[Complaint], Suggestion],
        vendors: Mapping[str, VendorSettings],
        seconds: float = 10.0,
        first_wait: float = 2.0,
    ) -> None:
        self._store = store
        self._triage = triage
        self._vendors = vendors
        self._client = httpx.Client(timeout=seconds, follow_redirects=False)
        self._first_wait = first_wait
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="opportunity-worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def stop(self, seconds: float = 5.0) -> None:
        """Finish the job at hand and stop."""
        self._stopping = True
        self._wake.set()
        self._thread.join(seconds)
        self._client.close()

    def _run(self) -> None:
        place = _take_place(self._store.path, lambda: self._stopping)
        if place is None:
            return
        self._store.forget_old()
        forgot_at = time.monotonic()
        while not self._stopping:
            self._wake.clear()
            if not self._work_once():
                self._wake.wait(_IDLE_SECONDS)
            if time.monotonic() - forgot_at > 3600:
                self._store.forget_old()
                forgot_at = time.monotonic()
        place.close()

    def _work_once(self) -> bool:
        """Work on one job; whether there was one."""
        try:
            job = self._store.next_job()
            if job is not None:
                self._work(job)
        except Exception as error:  # the thread must outlive any fault; the text is not in the log
            logger.error("the delivery store failed: %s", type(error).__name__)  # noqa: TRY400
            return False
        return job is not None

    def _work(self, job: Job) -> None:
        try:
            send = self._prepared(job)
        except Exception as error:  # nothing was sent in this attempt
            self._again(job, error, posting=job.posting)
            return
        try:
            if send is not None:
                self._store.mark_posting(job)
                send()
        except Exception as error:  # unless it was refused, what was sent may have arrived
            self._again(job, error, posting=not isinstance(error, _RefusedError | httpx.ConnectError))
        else:
            self._store.finish(job)

    def _again(self, job: Job, error: Exception, *, posting: bool) -> None:
        """Put the job back, or give it up; the log names the fault's kind, for its words may be the customer's."""
        fault = str(error) if isinstance(error, _RefusedError) else type(error).__name__
        for_good = isinstance(error, _RefusedError) and error.for_good
        if for_good or job.attempts + 1 >= _MOST_ATTEMPTS:
            logger.error("job %d of %s given up: %s", job.id, job.vendor, fault)
            self._store.finish(job, failed=True)
        else:
            logger.warning("job %d of %s is tried again: %s", job.id, job.vendor, fault)
            self._store.retry(job, min(_LONGEST_WAIT, self._first_wait * 4**job.attempts), posting=posting)

    def _prepared(self, job: Job) -> Callable[[], None] | None:
        """Everything up to the note; what sends it, or None where there is nothing to send."""
        settings, row = self._vendors.get(job.vendor), VENDORS[job.vendor].write_back
        if settings is None or settings.api_url is None or row is None:
            return None
        api = _Api(self._client, settings, row, job)
        if job.posting and not api.may_post():
            return None
        text = api.fetch_text() if job.text is None else job.text
        if text is None:
            return None
        suggestion = self._triage(Complaint(text, id=job.ticket))
        return lambda: api.post(suggestion)


class _Api:
    """A vendor's API as one job needs it."""

    def __init__(self, client: httpx.Client, settings: VendorSettings, row: WriteBack, job: Job) -> None:
        self._client = client
        self._settings = settings
        self._row = row
        self._job = job

    def may_post(self) -> bool:
        """Whether an interrupted note is known not to have arrived."""
        if self._row.find is None:
            logger.warning("job %d of %s may have been written; not sent again", self._job.id, self._job.vendor)
            return False
        return self._job.reference not in self._call(self._row.find).text

    def fetch_text(self) -> str | None:
        """The complaint, where the delivery did not carry it."""
        if self._row.fetch is None:
            return None
        text = first(self._call(self._row.fetch).json(), self._row.fetched_text)
        return text if isinstance(text, str) else None

    def post(self, suggestion: Suggestion) -> None:
        """Write the note."""
        write = note_html if self._row.html else note_text
        self._call(self._row.post, write(suggestion, self._job.reference))

    def _call(self, call: Call, note: str = "") -> httpx.Response:
        job, settings = self._job, self._settings
        values = {
            "{ticket}": job.ticket,
            "{account}": settings.account,
            "{note}": note,
            "{reference}": job.reference,
            "{now}": str(int(time.time() * 1000)),
        }
        path = call.path.format(ticket=quote(job.ticket, safe=""), account=quote(settings.account, safe=""))
        response = self._client.request(
            call.method,
            f"{(settings.api_url or '').rstrip('/')}{path}",
            json=None if call.body is None else _filled(call.body, values),
            headers={**_authentication(self._row, settings), "idempotency-key": job.reference},
        )
        if 300 <= response.status_code < 500:
            raise _RefusedError(response.status_code)
        response.raise_for_status()
        return response


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    """The template with its placeholders, each a whole string, put in place."""
    if isinstance(template, Mapping):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    return values.get(template, template) if isinstance(template, str) else template


def _authentication(row: WriteBack, settings: VendorSettings) -> dict[str, str]:
    value = row.credentials.format(user=settings.api_user, token=settings.api_token.get_secret_value())
    return {row.header: f"Basic {base64.b64encode(value.encode()).decode()}" if row.basic else value}


def _take_place(store: Path, stopping: Callable[[], bool]) -> sqlite3.Connection | None:
    """Hold the worker's place of this store; waits while another process holds it."""
    place = sqlite3.connect(store.with_suffix(".worker"), timeout=0.2, isolation_level=None, check_same_thread=False)
    while not stopping():
        try:
            place.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            time.sleep(0.2)
        else:
            return place
    place.close()
    return None
