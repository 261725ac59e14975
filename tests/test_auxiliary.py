"""Labels of other tasks: read by text and task, the rare ones passed over."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from opportunity.errors import DataError
from opportunity.learning.auxiliary import LEAST_ROWS, UNTOLD, read_tasks


def written(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    texts, tasks, labels = zip(*rows, strict=True)
    pq.write_table(pa.table({"text": texts, "task": tasks, "label": labels}), path)
    return path


@pytest.fixture
def rows() -> list[tuple[str, str, str]]:
    themes = [(f"text {i}", "theme", "care" if i % 2 else "billing") for i in range(2 * LEAST_ROWS)]
    return [*themes, *((f"text {i}", "rating", "1") for i in range(LEAST_ROWS))]


def test_each_text_stands_once_with_its_label_on_each_task(tmp_path, rows):
    tasks = read_tasks(written(tmp_path / "tasks.parquet", rows))
    assert tasks.labels == {"rating": ["1"], "theme": ["billing", "care"]}
    assert tasks.texts == [f"text {i}" for i in range(2 * LEAST_ROWS)]
    assert tasks.answers[:2].tolist() == [[0, 0], [0, 1]]
    assert tasks.answers[-1].tolist() == [UNTOLD, 1]
    assert tasks.n_labels == 3


def test_rare_labels_tasks_of_rare_labels_alone_and_texts_without_another_are_passed_over(tmp_path, rows):
    rare = [("text 0", "theme", "parking"), ("text 0", "intent", "leave"), ("only rare", "theme", "parking")]
    tasks = read_tasks(written(tmp_path / "tasks.parquet", [*rows, *rare]))
    again = read_tasks(written(tmp_path / "again.parquet", rows))
    assert (tasks.texts, tasks.labels) == (again.texts, again.labels)
    assert tasks.answers.tolist() == again.answers.tolist()


def test_a_file_that_is_no_table_of_tasks_is_refused(tmp_path):
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"text": ["late"]}), other)
    (tmp_path / "text.parquet").write_text("late")
    for path in (other, tmp_path / "text.parquet", tmp_path / "none.parquet"):
        with pytest.raises(DataError, match="must be a Parquet file with the columns text, task and label"):
            read_tasks(path)
