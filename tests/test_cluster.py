"""A folder of files scored by a cluster: the same answers as on one machine, from the model that was asked for."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cli_support import ROWS, read, write
from distributed import Client, LocalCluster

import opportunity
from opportunity.batch.cluster import _checksum, _score, score_files
from opportunity.batch.score import score_file
from opportunity.errors import DataError, ModelFormatError
from opportunity.model.store import shipped


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Workers in this process, which start at once."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    return [write(tmp_path / name, ROWS) for name in ("monday.csv", "tuesday.jsonl", "wednesday.parquet")]


@pytest.mark.parametrize("into", [".csv", ".jsonl", ".parquet"])
def test_a_cluster_scores_as_one_machine_does(client, sources, tmp_path, into):
    done = dict(score_files(client, sources, tmp_path / "scored", into=into))
    assert done.keys() == set(sources)
    triage = opportunity.load("table")
    for source, scored in done.items():
        alone = tmp_path / f"alone{into}"
        assert scored == score_file(triage, source, alone)
        assert read(tmp_path / "scored" / f"{source.stem}{into}") == read(alone)


@pytest.mark.slow
def test_workers_of_their_own_process_score_as_one_machine_does(sources, tmp_path):
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster, Client(cluster) as client:
        done = dict(score_files(client, sources, tmp_path / "scored", advice=True))
    assert {source: scored.written for source, scored in done.items()} == dict.fromkeys(sources, len(ROWS))
    assert len(read(tmp_path / "scored" / "monday.parquet")) == len(ROWS)


def test_rejects_of_a_file_lie_beside_its_answers(client, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "late again"}\n{broken\n', encoding="utf-8")
    ((_, scored),) = score_files(client, [source], tmp_path / "scored")
    assert (scored.written, scored.rejected) == (1, 1)
    assert scored.rejects == tmp_path / "scored" / "in.parquet.rejects.jsonl"


def test_two_files_of_one_name_are_refused(client, tmp_path):
    with pytest.raises(DataError, match="two of the 2 sources have one name"):
        next(score_files(client, [tmp_path / "a.csv", tmp_path / "b" / "a.jsonl"], tmp_path))


def test_a_file_that_is_not_there_is_said(client, tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        next(score_files(client, [tmp_path / "none.csv"], tmp_path / "scored"))


def test_a_worker_with_another_model_refuses(sources, tmp_path):
    model = shutil.copytree(shipped("table"), tmp_path / "model")
    task = partial(_score, sources[0], tmp_path / "out.csv", str(model), _checksum(str(model)), None, {})
    assert task().written == len(ROWS)
    manifest = model / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(ModelFormatError, match="a worker has another model under"):
        task()
