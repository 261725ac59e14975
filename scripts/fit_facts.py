"""Fit the weights with which words vote on facts (``src/opportunity/advice/lexicons/facts.json``).

    python scripts/fit_facts.py data/complaints.jsonl [more.jsonl ...]

Rows are labelled by the guide and carry ``facts``. A feature gets a weight only if at least five messages carry it.
The threshold of a fact is the one with the best F-measure on held-out fifths of the rows; a beta below 1 leans towards
precision. A deadline leans to recall, because advice speaks of it only where the model flags one. A row's label names
at most one quote per fact, the most telling one, so that many a candidate counts as wrong here that is a fact all the
same.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from opportunity.advice.candidates import candidates, content_words, reading
from opportunity.advice.votes import item_features, norms, span_features

TARGET = Path(__file__).parents[1] / "src/opportunity/advice/lexicons/facts.json"
BETA = {"elapsed": 1.0, "amount": 0.9, "contacts": 0.8, "deadline": 2.0, "reference": 2.0, "item": 0.6}
STRENGTH = {"item": 0.5, "deadline": 0.3}
DEFAULT_STRENGTH = 0.1
LEAST_MESSAGES = 5
LEAST_WEIGHT = 0.04
Example = tuple[int, list[str], bool, str]


def occurrences(text: str, quote: str) -> list[tuple[int, int]]:
    low, quote = text.lower(), quote.lower()
    starts, at = [], low.find(quote)
    while at >= 0:
        starts.append((at, at + len(quote)))
        at = low.find(quote, at + 1)
    return starts


def examples(rows: list[dict[str, Any]]) -> Iterator[tuple[str, Example]]:
    """All candidates of all rows: which row, its features, whether it is the fact."""
    for n, row in enumerate(rows):
        text = row["text"]
        gold = {fact: occurrences(text, quote) for fact, quote in row["facts"].items() if quote}
        with reading(text) as doc:
            words = norms(token.text for token in doc)
            forms = [token.text for token in doc]
            found = candidates(doc)
            many = Counter(c.fact for c in found)
            rank: Counter[str] = Counter()
            for c in found:
                start, end = doc[c.start].idx, doc[c.end - 1].idx + len(doc[c.end - 1])
                features = span_features(words, forms, c, rank[c.fact], many[c.fact])
                rank[c.fact] += 1
                yield c.fact, (n, features, any(a < end and b > start for a, b in gold.get(c.fact, ())), "")
            counts = Counter(words)
            for i in content_words(doc):
                start, end = doc[i].idx, doc[i].idx + len(doc[i])
                good = any(a < end and b > start for a, b in gold.get("item", ()))
                yield "item", (n, item_features(words, forms, i, counts), good, words[i])


def fit(fact: str, rows: list[Example], has: np.ndarray) -> dict[str, Any]:
    groups = np.array([r[0] for r in rows])
    y = np.array([r[2] for r in rows])
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for n, features, _, _ in rows:
        for name in features:
            seen[name].add(n)
    kept = {name for name, messages in seen.items() if len(messages) >= LEAST_MESSAGES}
    vectorizer = DictVectorizer()
    X = vectorizer.fit_transform([{name: 1.0 for name in features if name in kept} for _, features, _, _ in rows])
    model = LogisticRegression(C=STRENGTH.get(fact, DEFAULT_STRENGTH), max_iter=1000, random_state=0)
    held_out = cross_val_predict(model, X, y, groups=groups, cv=GroupKFold(5), method="decision_function")
    best: dict[int, tuple[float, bool]] = {}
    for n, log_odds, good in zip(groups, held_out, y, strict=True):
        if n not in best or log_odds > best[n][0]:
            best[n] = (float(log_odds), bool(good))
    threshold, precision, recall = choose(sorted(best.values(), reverse=True), int(has.sum()), BETA[fact])
    print(
        f"{fact:10} {len(rows):7} candidates  held out: precision {precision:.2f} recall {recall:.2f}",
        file=sys.stderr,
    )
    model.fit(X, y)
    weights = {
        name: round(float(w), 3)
        for name, w in sorted(zip(vectorizer.feature_names_, model.coef_[0], strict=True))
        if abs(w) >= LEAST_WEIGHT
    }
    return {"bias": round(float(model.intercept_[0]), 3), "threshold": round(threshold, 3), "votes": weights}


def choose(ranked: list[tuple[float, bool]], total: int, beta: float) -> tuple[float, float, float]:
    """The threshold with the best F-measure, with its precision and recall."""
    right, best, best_f = 0, (ranked[0][0], 0.0, 0.0), 0.0
    for place, (log_odds, good) in enumerate(ranked, 1):
        right += good
        f = (1 + beta**2) * right / (place + beta**2 * total)
        if f > best_f:
            best, best_f = (log_odds, right / place, right / total), f
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--only", nargs="+", choices=BETA, default=list(BETA), help="leave the other facts as they are")
    arguments = parser.parse_args()
    rows = [json.loads(line) for path in arguments.data for line in path.read_text("utf-8").splitlines() if line]
    by_fact: defaultdict[str, list[Example]] = defaultdict(list)
    for fact, example in examples(rows):
        by_fact[fact].append(example)
    has = {fact: np.array([bool(row["facts"].get(fact)) for row in rows]) for fact in BETA}
    fitted = json.loads(TARGET.read_text("utf-8")) if TARGET.exists() else {}
    fitted |= {fact: fit(fact, by_fact[fact], has[fact]) for fact in arguments.only}
    TARGET.write_text(json.dumps(fitted, ensure_ascii=False, indent=0, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
