"""What the service works with: the model, the journal, the delivery store and the threads, made once at the start."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Gauge

from opportunity.advice.playbook import Playbook
from opportunity.journal import Journal
from opportunity.records import Complaint, ModelInfo, Suggestion
from opportunity.serve.deliveries import DeliveryStore
from opportunity.serve.settings import Settings
from opportunity.serve.worker import Worker

__all__ = ["Counts", "Desk", "Triage", "desk_of"]

P = ParamSpec("P")
T = TypeVar("T")


class Triage(Protocol):
    """What the service needs of a model; `opportunity.load` gives one."""

    @property
    def model_info(self) -> ModelInfo:
        """Which model answers."""

    def __call__(self, complaint: Complaint) -> Suggestion:
        """Suggest for one complaint."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted beside the requests.

    Attributes
    ----------
    registry : CollectorRegistry
    suggestions : Counter
        By whether advice was given.
    deliveries : Counter
        Webhooks, by vendor and what became of them.
    waiting : Gauge
        Accepted deliveries that are still to be worked on.
    """

    registry: CollectorRegistry
    suggestions: Counter
    deliveries: Counter
    waiting: Gauge

    @classmethod
    def new(cls) -> "Counts":
        """Counts of one service."""
        registry = CollectorRegistry()
        return cls(
            registry,
            Counter("opportunity_suggestions", "Suggestions given", ("abstained",), registry=registry),
            Counter("opportunity_deliveries", "Webhook deliveries", ("vendor", "outcome"), registry=registry),
            Gauge("opportunity_deliveries_waiting", "Deliveries to be worked on", registry=registry),
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything an endpoint needs.

    Attributes
    ----------
    settings : Settings
    triage : Triage
    playbook : Playbook or None
        What the draft check is given; None for the shipped one.
    journal : Journal
    store : DeliveryStore
    worker : Worker
    threads : ThreadPoolExecutor
    counts : Counts
    """

    settings: Settings
    triage: Triage
    playbook: Playbook | None
    journal: Journal
    store: DeliveryStore
    worker: Worker
    threads: ThreadPoolExecutor
    counts: Counts

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what takes time in a thread; whoever waits may give up, and the number of threads stays the same."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, lambda: function(*args, **kwargs))


def desk_of(request: Request) -> Desk:
    """The desk of the service that got the request."""
    desk: Desk = request.app.state.desk
    return desk
