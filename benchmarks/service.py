"""How long the HTTP service takes to answer ``POST /v1/suggest`` under a steady load.

    python benchmarks/service.py [--model reader|table|auto] [--rate 20] [--seconds 30]

The service runs in a process of its own; requests are sent at fixed times, whether or not the last was answered, and
each is timed from the moment that it was due, so that a service that falls behind cannot hide it. The complaints are
the project's examples, each made unlike the last by a number.
"""

import argparse
import asyncio
import csv
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from latency import Figure
from peers import ROOT

START_SECONDS = 120
TARGET_P99 = 100.0


def examples() -> list[str]:
    with (ROOT / "data" / "examples" / "complaints.csv").open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


@contextmanager
def service(model: str | None) -> Iterator[str]:
    """The service with its default settings, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"OPPORTUNITY_PORT": str(port), "OPPORTUNITY_DATA_DIR": folder}
        environment |= {"OPPORTUNITY_MODEL": model} if model else {}
        environment |= {"OPPORTUNITY_REQUESTS_PER_MINUTE": "1000000"}
        command = [sys.executable, "-c", "from opportunity.cli import main; main()", "serve"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process)
            yield url
        finally:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the service did not start")


async def load(url: str, rate: float, seconds: float) -> list[float]:
    """Milliseconds of each answer, from when its request was due."""
    texts = examples()
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        start = time.perf_counter() + 0.1

        async def ask(i: int) -> float:
            due = start + i / rate
            await asyncio.sleep(due - time.perf_counter())
            answer = await client.post("/v1/suggest", json={"text": f"{texts[i % len(texts)]} {i}"})
            answer.raise_for_status()
            return 1000 * (time.perf_counter() - due)

        return await asyncio.gather(*(ask(i) for i in range(round(rate * seconds))))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="as `opportunity.load` takes it; the shipped default without it")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    with service(given.model) as url:
        asyncio.run(load(url, given.rate, 2))
        taken = asyncio.run(load(url, given.rate, given.seconds))
    cuts = statistics.quantiles(taken, n=100)
    name = f"/v1/suggest, {given.model or 'default model'}, {given.rate:g}/s"
    figures = [
        Figure(f"{name}, p50", statistics.median(taken), "ms"),
        Figure("    p95", cuts[94], "ms"),
        Figure("    p99", cuts[98], "ms", TARGET_P99),
        Figure("    longest", max(taken), "ms"),
    ]
    for figure in figures:
        print(figure)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
