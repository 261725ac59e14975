"""How long one answer takes: in a warm process, and by the command with Python's start; imports and memory.

    python benchmarks/latency.py [--repeats 20]

Each figure is printed with its target. Whole processes are timed by the clock, the median of so many runs.
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

MESSAGE = "You charged me twice for one ticket, order AB-20931. I want the £40 back by Friday."
IMPORT = "import opportunity"
MEMORY = "import opportunity, resource; opportunity.load('table')({!r}); " + (
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


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def warm(name: str, facts: bool, target: float | None, repeats: int) -> list[Figure]:
    """One suggestion for each of the examples, again and again."""
    triage, texts = opportunity.load("table", facts=facts), examples()
    for text in texts:
        triage(text)
    taken = [milliseconds(lambda text=text: triage(text)) for _ in range(repeats) for text in texts]
    p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    return [Figure(f"one suggestion {name}, p50", p50, "ms", target), Figure("    p95", p95, "ms", target)]


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
    suggested = process([*command_line(), "suggest", "--model", "table", MESSAGE], repeats)
    return [
        Figure("Python's own start", python, "s"),
        Figure("import opportunity", imported - python, "s", 0.1),
        Figure("opportunity suggest, Python's start included", suggested, "s", 0.5),
    ]


def memory() -> Figure:
    done = subprocess.run([sys.executable, "-c", MEMORY.format(MESSAGE)], check=True, capture_output=True, text=True)
    return Figure("peak memory of a process with one suggestion", int(done.stdout) / KIB / 1024, "MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--repeats", type=int, default=20, help="of the warm examples; a tenth of it, at least 5, of processes"
    )
    repeats = parser.parse_args().repeats
    figures = warm("without facts", False, 2.0, repeats) + warm("with facts", True, None, repeats)
    figures += [*cold(max(5, repeats // 10)), memory()]
    for figure in figures:
        print(figure)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
