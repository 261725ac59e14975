"""Reads complaints in one daemon thread, so that whatever a model does, the helpdesk goes on."""

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

import opportunity
from opportunity.integrations.django_helpdesk.conf import conf
from opportunity.journal import Journal
from opportunity.serve.feedback import Keeper
from opportunity.triage import Triage

__all__ = ["Desk", "Reading", "Reads", "desk", "reads"]

logger = logging.getLogger("opportunity.helpdesk")

T = TypeVar("T")

MOST_WAITING = 1000
DRAIN_SECONDS = 5.0
STUCK_SECONDS = 1.0


class Desk:
    """The model and the journal of this process, opened when they are first needed."""

    @cached_property
    def triage(self) -> Triage:
        """What suggests."""
        given = conf()
        return opportunity.load(given.model, playbook=given.playbook)

    @cached_property
    def keeper(self) -> Keeper:
        """What keeps feedback."""
        return Keeper(Journal(conf().journal), self.triage, self.triage.playbook)


class Reading(Generic[T]):
    """Work that was handed to the thread. Whoever waits may go; then `later` gets the result, in the thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._later: Callable[[T], None] | None = None
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Do the work; called by the thread."""
        try:
            self.result = self._work()
        except Exception as error:  # it goes to whoever waits, and to the log without its words
            self.error = error
            logger.error("a complaint could not be read: %s", type(error).__name__)  # noqa: TRY400
        with self._lock:
            self._done.set()
            later = self._later
        if later is not None:
            self._hand_over(later)

    def wait(self, seconds: float) -> bool:
        """Wait for the work; whether it is done."""
        return self._done.wait(seconds)

    def then(self, later: Callable[[T], None]) -> bool:
        """Leave the result to the thread; False where it is there already."""
        with self._lock:
            if self._done.is_set():
                return False
            self._later = later
            return True

    def _hand_over(self, later: Callable[[T], None]) -> None:
        if self.error is None and self.result is not None:
            try:
                later(self.result)
            except Exception as error:  # as above
                logger.error("a note could not be written: %s", type(error).__name__)  # noqa: TRY400


class Reads:
    """The thread and what waits for it."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Reading[object]] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._since: float | None = None

    def submit(self, work: Callable[[], T]) -> Reading[T] | None:
        """Hand work to the thread; None where too much waits already."""
        reading = Reading(work)
        self._ensure_thread()
        try:
            self._waiting.put_nowait(reading)  # type: ignore[arg-type]
        except queue.Full:
            logger.error("a complaint was not read: %d wait already", MOST_WAITING)  # noqa: TRY400
            return None
        return reading

    def is_stuck(self) -> bool:
        """Whether the thread has been at one complaint for so long that waiting makes no sense."""
        since = self._since
        return since is not None and time.monotonic() - since > STUCK_SECONDS

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Give what waits a last chance before the process ends, as it does at once after a mail run."""
        end = time.monotonic() + seconds
        while self._process == os.getpid() and self._waiting.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)

    def _ensure_thread(self) -> None:
        """Start the thread, once in every process: a fork has none."""
        with self._lock:
            if self._thread is None or self._process != os.getpid():
                self._process = os.getpid()
                self._waiting = queue.Queue(MOST_WAITING)
                self._since = None
                self._thread = threading.Thread(target=self._run, name="opportunity-reads", daemon=True)
                self._thread.start()
                atexit.register(self.drain)

    def _run(self) -> None:
        waiting = self._waiting
        while True:
            reading = waiting.get()
            self._since = time.monotonic()
            reading.run()
            self._since = None
            waiting.task_done()


desk = Desk()
reads = Reads()
