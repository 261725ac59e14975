"""How many messages a second `score_batch` reads, beside its peers on the same texts in one run.

    python benchmarks/speed.py [backlog.parquet] [--messages 65536] [--rounds 5]

Ours gives all heads with the shipped table. scikit-learn is `TfidfVectorizer(ngram_range=(1, 2))` and one linear layer
as wide as ours; fastText and spaCy's bag of words give the primary opportunity alone. All take turns, round by round,
and the median round counts. All but spaCy are spread over all processors and also run on one thread; the better time of
each counts. We are given all messages in one batch, which `score_batch` spreads by itself; on one thread, and for the
others, a batch has as many rows as it gives to one thread. On a busy machine read the last column: messages per second
of processor time, whatever else is running.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from peers import FASTTEXT, SHARED, SPACY, Peer, corpus, one_line, primaries

import opportunity
from opportunity.model.columns import COLUMNS
from opportunity.triage import PART_ROWS

THREADS = os.cpu_count() or 1
FEWER = 8
"""spaCy reads so many times fewer messages."""
LENGTHS = range(150, 351)
TARGETS = {"scikit-learn": 6.0, "fastText": 1.0}
MOST_GROWTH = 32.0
"""MiB that memory may grow by over repeated batches."""


@dataclass
class Contender:
    """A way to read texts, on so many threads, and the seconds that its rounds took."""

    name: str
    threads: int
    run: Callable[[Any], Any]
    chunks: Sequence[Any]
    messages: int
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def take_a_turn(self) -> None:
        """Read all texts once and note the seconds."""
        start, busy = time.perf_counter(), time.process_time()
        if self.threads == 1:
            for chunk in self.chunks:
                self.run(chunk)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(self.run, self.chunks))
        self.seconds.append(time.perf_counter() - start)
        self.processor.append(time.process_time() - busy)

    def forget(self) -> None:
        """Drop the rounds so far: they warmed up."""
        self.seconds.clear()
        self.processor.clear()

    @property
    def per_second(self) -> float:
        """Messages a second in the median round."""
        return self.messages / statistics.median(self.seconds)

    @property
    def per_processor_second(self) -> float:
        """Messages a second of processor time, all threads together, in the median round."""
        return self.messages / statistics.median(self.processor)


def read_texts(path: Path, wanted: int) -> list[str]:
    """Messages of about 250 characters, repeated where there are too few."""
    known = pq.read_table(path, columns=["text"])["text"].to_pylist() if path.is_file() else [r.text for r in corpus()]
    texts = [one_line(text) for text in known if text and len(text) in LENGTHS]
    return (texts * (wanted // len(texts) + 1))[:wanted]


def chunked(texts: Sequence[str], size: int = PART_ROWS) -> list[list[str]]:
    return [list(texts[start : start + size]) for start in range(0, len(texts), size)]


def ours(triage: opportunity.Triage, texts: Sequence[str]) -> list[Contender]:
    whole = [pa.RecordBatch.from_pydict({"text": texts})]
    parts = [pa.RecordBatch.from_pydict({"text": chunk}) for chunk in chunked(texts)]
    return [
        Contender("opportunity", THREADS, triage.score_batch, whole, len(texts)),
        Contender("opportunity", 1, triage.score_batch, parts, len(texts)),
    ]


def scikit_learn(texts: Sequence[str], taught: Sequence[str]) -> list[Contender]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2)).fit(taught)
    layer = np.random.default_rng(0).normal(size=(len(vectorizer.vocabulary_), len(COLUMNS)))
    chunks = chunked(texts)
    return [
        Contender("scikit-learn", threads, lambda chunk: vectorizer.transform(chunk) @ layer, chunks, len(texts))
        for threads in (THREADS, 1)
    ]


def peer(name: str, kind: Peer, texts: Sequence[str], taught: Sequence[str], labels: Sequence[str]) -> list[Contender]:
    if kind.missing:
        print(f"{name:14s} {kind.missing}")
        return []
    trained = kind.train(taught, labels, epochs=1)  # how well it learned does not change how fast it answers
    trained.answer(texts[:1])  # fastText imports something at its first answer: two threads would wait for each other
    chunks = chunked(texts, PART_ROWS if name == "fastText" else 256)
    threads = (THREADS, 1) if name == "fastText" else (1,)
    return [Contender(name, n, trained.answer, chunks, len(texts)) for n in threads]


def peak() -> float:
    """MiB that this process has used at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def memory_growth(triage: opportunity.Triage, texts: Sequence[str], times: int = 30) -> tuple[float, float]:
    """Peak MiB after some passes over the texts, and how much higher it is after as many more."""
    contender = ours(triage, texts)[0]
    for _ in range(times):
        contender.take_a_turn()
    before = peak()
    for _ in range(times):
        contender.take_a_turn()
    return before, peak() - before


def print_rates(contenders: Sequence[Contender]) -> bool:
    """Print messages a second and ratios; return whether the targets are met."""
    print(f"\n{'':14s} threads   messages/s   ours is x times   messages per second of processor")
    best: dict[str, float] = {}
    for contender in contenders:
        best[contender.name] = max(best.get(contender.name, 0.0), contender.per_second)
    for contender in contenders:
        ratio = best["opportunity"] / contender.per_second
        shown = f"{contender.name:14s} {contender.threads:7d} {contender.per_second:12,.0f} {ratio:17.1f}"
        print(f"{shown}{contender.per_processor_second:35,.0f}")
    met = True
    for name, target in TARGETS.items():
        if name in best:
            ratio = best["opportunity"] / best[name]
            met &= ratio >= target
            print(f"{ratio:.1f} times {name} (target: at least {target:.0f}): {'met' if ratio >= target else 'MISSED'}")
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backlog", nargs="?", type=Path, default=SHARED / "backlog.parquet")
    parser.add_argument("--messages", type=int, default=65536)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    texts, triage = read_texts(args.backlog, args.messages), opportunity.load("table", facts=False)
    print(f"{len(texts):,} messages of {sum(map(len, texts)) / len(texts):.0f} characters, {args.rounds} rounds")
    before, growth = memory_growth(triage, texts[: len(texts) // 4])
    flat = growth <= MOST_GROWTH
    print(f"peak memory {before:.0f} MiB, {growth:+.1f} MiB after 30 more passes: {'flat' if flat else 'NOT FLAT'}")
    rows = corpus()
    taught, labels = [one_line(row.text) for row in rows], primaries(rows)
    contenders = ours(triage, texts) + scikit_learn(texts, taught)
    contenders += peer("fastText", FASTTEXT, texts, taught, labels)
    contenders += peer("spaCy", SPACY, texts[: len(texts) // FEWER], taught[:1000], labels[:1000])
    for turn in range(args.rounds + 1):
        for contender in contenders:
            contender.take_a_turn()
            if turn == 0:
                contender.forget()
    return 0 if print_rates(contenders) and flat else 1


if __name__ == "__main__":
    sys.exit(main())
