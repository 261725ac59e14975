"""Many files on many machines: one Dask task per file; each worker loads the model for itself, once."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opportunity.batch.score import Scored, score_file
from opportunity.errors import DataError, ModelFormatError
from opportunity.model.store import model_folder
from opportunity.triage import Triage, load

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["score_files"]


def score_files(
    client: "Client",
    sources: Sequence[Path],
    folder: Path,
    *,
    into: str = ".parquet",
    model: str = "table",
    playbook: Path | None = None,
    **options: Any,
) -> Iterator[tuple[Path, Scored]]:
    """Score files on the workers of a cluster.

    Sources, folder, model and playbook are paths that every worker reaches under the same name. A file is moved into
    place when it is whole, so what a lost worker leaves behind is done again by another.

    Parameters
    ----------
    client : distributed.Client
        Of a cluster whose workers have this version of the library.
    sources : sequence of Path
        CSV, JSONL or Parquet, one task each.
    folder : Path
        Where the answers go, each under its source's name with another ending.
    into : str
        That ending: ``".parquet"``, ``".csv"`` or ``".jsonl"``.
    model : str
        As `opportunity.load` takes it. Only its name and checksum travel.
    playbook : Path or None
    **options
        As `score_file` takes them.

    Yields
    ------
    tuple of Path and Scored
        A source and what became of it, as they are done.

    Raises
    ------
    DataError
        If two sources have one name, or one cannot be read.
    ModelFormatError
        If a worker has another model under that name.

    Examples
    --------
    >>> from distributed import Client  # doctest: +SKIP
    >>> with Client("tcp://scheduler:8786") as client:  # doctest: +SKIP
    ...     for source, scored in score_files(client, sorted(Path("backlog").glob("*.csv")), Path("scored")):
    ...         print(source, scored.written, scored.rejected)
    """
    from distributed import as_completed

    outs = [folder / f"{source.stem}{into}" for source in sources]
    if len(set(outs)) < len(outs):
        raise DataError(f"two of the {len(outs)} sources have one name but for folder and ending; rename one")
    checksum = _checksum(model)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = {
        client.submit(_score, source, out, model, checksum, playbook, options, pure=False): source
        for source, out in zip(sources, outs, strict=True)
    }
    for done in as_completed(tasks):  # type: ignore[no-untyped-call]
        yield tasks[done], done.result()


def _score(
    source: Path, out: Path, model: str, checksum: str, playbook: Path | None, options: dict[str, Any]
) -> Scored:
    """One task."""
    if _checksum(model) != checksum:
        raise ModelFormatError(f"a worker has another model under {model} than was asked for; install the same one")
    return score_file(_triage(model, playbook, checksum), source, out, **options)


@lru_cache(maxsize=1)
def _triage(model: str, playbook: Path | None, checksum: str) -> Triage:  # another checksum is another model
    return load(model, playbook=playbook)


def _checksum(model: str) -> str:
    """Of the manifest, which holds those of the model's files."""
    return sha256((model_folder(model) / "manifest.json").read_bytes()).hexdigest()
