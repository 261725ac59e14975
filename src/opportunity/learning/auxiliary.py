"""Labels of other tasks (themes, issues, intents, ratings) on real messages: what an encoder may be taught first."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import DataError

__all__ = ["LEAST_ROWS", "UNTOLD", "Tasks", "read_tasks"]

LEAST_ROWS = 20
"""Rows that a label of a task must have; a rarer one counts as not told."""

UNTOLD = -100
"""The answer where a task says nothing of a text."""


@dataclass(frozen=True)
class Tasks:
    """Texts and their labels on several tasks.

    Attributes
    ----------
    texts : list of str
    answers : ndarray of int64, shape (n_texts, n_tasks)
        The place of the label among those of its task, or `UNTOLD`.
    labels : dict of str to list of str
        The labels of each task that has any, in the order of the columns of `answers`.
    """

    texts: list[str]
    answers: NDArray[np.int64]
    labels: dict[str, list[str]]

    @property
    def n_labels(self) -> int:
        """How many labels all tasks have together."""
        return sum(map(len, self.labels.values()))


def read_tasks(path: Path) -> Tasks:
    """Read labels of other tasks.

    Parameters
    ----------
    path : Path
        A Parquet file with the columns ``text``, ``task`` and ``label``; a text may stand in several rows.

    Returns
    -------
    Tasks

    Raises
    ------
    DataError
        If the file is not there or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(path, columns=["text", "task", "label"]).to_pylist()
    except (OSError, pa.ArrowInvalid, KeyError) as fault:
        raise DataError(f"{path} must be a Parquet file with the columns text, task and label") from fault
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["task"]][row["label"]] += 1
    kept = {task: sorted(x for x, n in seen.items() if n >= LEAST_ROWS) for task, seen in sorted(counts.items())}
    labels = {task: names for task, names in kept.items() if names}
    place = {(task, label): i for task, names in labels.items() for i, label in enumerate(names)}
    told = [row for row in rows if (row["task"], row["label"]) in place]
    texts = list(dict.fromkeys(row["text"] for row in told))
    line, column = {text: i for i, text in enumerate(texts)}, {task: i for i, task in enumerate(labels)}
    answers = np.full((len(texts), len(labels)), UNTOLD, np.int64)
    for row in told:
        answers[line[row["text"]], column[row["task"]]] = place[row["task"], row["label"]]
    return Tasks(texts, answers, labels)
