"""How long one answer takes, by the table and by default: in a warm process, and by the command; imports and memory.

    python benchmarks/latency.py [--repeats 20]

Each figure is printed with its target. Warm suggestions are timed by the processor, whole processes by the clock;
both are the median of so many runs.
"""

import argparse
import csv
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peers import ROOT

import opportunity

MESSAGE = (
    "I ordered a blue wool coat for my daughter's wedding three weeks ago and it still has not arrived. Your website "
    "said delivery would take five working days. I have called your helpline four times and each time I was promised "
    "a call back within 24 hours, which never came. Yesterday the courier told me the parcel was lost. The wedding is "
    "on Saturday and I paid £185 for the coat plus £12 for express shipping. I am extremely upset and disappointed "
    "with how this has been handled. Please refund the money or send a replacement by Friday. Order AB-20931."
)
"""Of a hundred words."""

MODELS = {"table": "table", "default": None}
"""What is measured, and how `opportunity.load` and the command are told."""

WARM = {"table": (None, 15.0), "default": (None, 25.0)}
"""Most milliseconds of processor time of one suggestion for a hundred words, without facts and with facts and plan."""

EXAMPLES = {"table": 2.0, "default": None}
"""Most milliseconds of one suggestion without facts for one of the examples, of twenty words in the mean."""

COLD = {"table": 0.5, "default": 0.7}
"""Most seconds of the command for one short message, Python's start included."""

SHORT = "You charged me twice for one ticket, order AB-20931. I want the £40 back by Friday."
IMPORT = "import opportunity"
MEMORY = "import opportunity, resource; opportunity.load({!r})({!r}); " + (
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)
KIB = 1024 if sys.platform == "darwin" else 1  # what macOS counts in bytes, Linux counts in KiB


@dataclass(frozen=True)
class Figure:
    """Something measured, and the most that it may be; None where there is no target."""

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def met(self) -> bool:
        """Whether the target is kept."""
        return self.target is None or self.value < self.target

    def __str__(self) -> str:
        shown = f"{self.name:48s} {self.value:9.2f} {self.unit}"
        if self.target is None:
            return shown
        return f"{shown:64s} target: under {self.target:g} {self.unit}, {'met' if self.met else 'MISSED'}"


def examples() -> list[str]:
    with (ROOT / "data" / "examples" / "complaints.csv").open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


def milliseconds(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    call()
    return 1000 * (clock() - start)


def warm(name: str, repeats: int) -> list[Figure]:
    """One suggestion in a process that has given some: processor time, which a busy machine changes least."""
    figures = []
    for facts, most in zip((False, True), WARM[name], strict=True):
        triage, with_facts = opportunity.load(MODELS[name], facts=facts), "with" if facts else "without"
        taken = _taken(triage, [MESSAGE], repeats)
        figures.append(Figure(f"{name}, 100 words, {with_facts} facts", statistics.median(taken), "ms", most))
        if not facts:
            taken = _taken(triage, examples(), max(1, repeats // 5))
            figures += [
                Figure(f"{name}, the examples, without facts, p50", statistics.median(taken), "ms", EXAMPLES[name]),
                Figure("    p95", statistics.quantiles(taken, n=20)[-1], "ms"),
            ]
    return figures


def _taken(triage: opportunity.Triage, texts: list[str], repeats: int) -> list[float]:
    for text in texts * 3:
        triage(text)
    return [milliseconds(lambda text=text: triage(text), time.process_time) for _ in range(repeats) for text in texts]


def process(command: list[str], repeats: int) -> float:
    """Seconds of a whole process, its median over so many runs after a first one."""

    def run() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    run()
    return statistics.median(milliseconds(run) for _ in range(repeats)) / 1000


def command_line() -> list[str]:
    """The installed command, beside this Python or on the path."""
    beside = Path(sys.executable).with_name("opportunity")
    found = str(beside) if beside.exists() else shutil.which("opportunity")
    return [found] if found else [sys.executable, "-c", "from opportunity.cli import main; main()"]


def cold(repeats: int) -> list[Figure]:
    python = process([sys.executable, "-c", "pass"], repeats)
    imported = process([sys.executable, "-c", IMPORT], repeats)
    figures = [Figure("Python's own start", python, "s"), Figure("import opportunity", imported - python, "s", 0.1)]
    for name, model in MODELS.items():
        told = ["--model", model] if model else []
        suggested = process([*command_line(), "suggest", *told, SHORT], repeats)
        figures.append(Figure(f"opportunity suggest, {name}, from a cold start", suggested, "s", COLD[name]))
    return figures


def memory(name: str) -> Figure:
    script = MEMORY.format(MODELS[name], MESSAGE)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return Figure(f"peak memory with one suggestion, {name}", int(done.stdout) / KIB / 1024, "MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--repeats", type=int, default=20, help="of the warm messages; a tenth of it, at least 5, of processes"
    )
    repeats = parser.parse_args().repeats
    figures = [*map(memory, MODELS), *cold(max(5, repeats // 10))]  # a child's peak begins at what its parent holds
    figures += [figure for name in MODELS for figure in warm(name, repeats)]
    for figure in figures:
        print(figure)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
