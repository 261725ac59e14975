"""Model folders: a manifest, data files, checksums. Nothing in them can execute.

A folder holds ``manifest.json`` and exactly the files that its kind names. A file is read once, its checksum is
compared, and only then is it parsed. A reader that hears a table names that table's files by their checksums; it is
looked for in the folder ``table`` beside the reader's, then among the models that come with the library. To change
the format: raise `FORMAT`, keep the reading of the older one here, and add a folder of the older format to the tests.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from opportunity.errors import ModelCorruptError, ModelError, ModelFormatError, ModelNotFoundError
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS, EXCLUSIVE, FACTS, INDEPENDENT, ORDINAL, RANKED, SLICES
from opportunity.model.joint import Joint
from opportunity.model.reader import Reader
from opportunity.model.table import Table
from opportunity.records import ModelInfo
from opportunity.taxonomy import TAXONOMY

__all__ = ["FORMAT", "Manifest", "load_model", "model_folder", "read_manifest", "save_model", "shipped"]

FORMAT = 1
"""The version of the folder's form."""

AnyModel = Table | Reader | Joint

KINDS: Mapping[str, Any] = {"table": Table, "reader": Reader}

_MOST_BYTES = 200 * 2**20
_MOST_MANIFEST_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Manifest:
    """What a model folder says of itself.

    Attributes
    ----------
    kind : str
        ``"table"`` or ``"reader"``.
    info : ModelInfo
    calibration : Calibration
    trained : dict
        How it was trained: rows, fingerprint of the corpus, settings, library versions.
    figures : dict
        What was measured, by data set.
    files : dict of str to str
        SHA-256 per file.
    heard : dict
        Of a reader that hears a table: ``files``, the table's SHA-256 sums, and ``share``, how much the table counts
        for each head; else empty.
    """

    kind: str
    info: ModelInfo
    calibration: Calibration
    trained: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    heard: dict[str, Any] = field(default_factory=dict)


def shipped(name: str) -> Path:
    """Return the folder of a model that comes with the library.

    Parameters
    ----------
    name : str
        ``"table"``, ``"reader"`` or ``"vectors-en"``.

    Returns
    -------
    Path
        It need not exist.
    """
    installed = Path(str(resources.files("opportunity"))) / "models" / name
    checkout = Path(__file__).parents[3] / "models" / name
    return installed if installed.is_dir() or not checkout.is_dir() else checkout


def model_folder(model: str | Path) -> Path:
    """Return the folder that a model's name or path stands for.

    Parameters
    ----------
    model : str or Path
        ``"reader"`` or ``"table"``, ``"auto"`` for the reader's, or a path.

    Returns
    -------
    Path
        It need not exist.
    """
    name = "reader" if model == "auto" else model
    return shipped(name) if isinstance(name, str) and name in KINDS else Path(name)


def save_model(model: AnyModel, folder: Path, *, trained: dict[str, Any], figures: dict[str, Any]) -> Manifest:
    """Write a model folder; an existing one is replaced file by file, the manifest last.

    Parameters
    ----------
    model : Table, Reader or Joint
        Of a joint model the reader is written, and which table it hears.
    folder : Path
    trained, figures : dict
        Kept in the manifest.

    Returns
    -------
    Manifest
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = model.reader if isinstance(model, Joint) else model
    contents = own.to_files()
    kind = next(name for name, cls in KINDS.items() if isinstance(own, cls))
    heard = {"files": _sums(model.table.to_files()), "share": dict(model.share)} if isinstance(model, Joint) else {}
    manifest = Manifest(kind, model.info, model.calibration, trained, figures, _sums(contents), heard)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    written = {
        "format": FORMAT,
        "kind": kind,
        "name": model.info.name,
        "version": model.info.version,
        "columns": [f"{head}:{label}" for head, label in COLUMNS],
        "calibration": model.calibration.to_dict(),
        "trained": trained,
        "figures": figures,
        "files": manifest.files,
    }
    if heard:
        written["heard"] = heard
    (folder / "manifest.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read and check a model folder's manifest; no other file is opened.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Manifest

    Raises
    ------
    ModelNotFoundError
        If there is no model folder at that path.
    ModelFormatError
        If it is of another format version, kind or taxonomy.
    ModelCorruptError
        If the manifest cannot be read.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise ModelNotFoundError(
            f"{folder} is not a model folder: it has no manifest.json; train one or give another path"
        )
    values = _read_json(path)
    version, kind = values.get("format"), str(values.get("kind"))
    if version != FORMAT:
        raise ModelFormatError(
            f"{path} has format {version!r}, this version reads {FORMAT}; upgrade opportunity or retrain"
        )
    if kind not in KINDS:
        raise ModelFormatError(
            f"{path} is of kind {kind!r}, this version reads {', '.join(KINDS)}; upgrade opportunity"
        )
    if values.get("columns") != [f"{head}:{label}" for head, label in COLUMNS]:
        raise ModelFormatError(f"{path} answers other labels than this version's taxonomy has; retrain the model")
    try:
        info = ModelInfo(str(values["name"]), str(values["version"]))
        files = {str(name): str(digest) for name, digest in values["files"].items()}
        calibration = _calibration(values["calibration"])
        heard = _heard(values.get("heard", {}))
        return Manifest(kind, info, calibration, dict(values["trained"]), dict(values["figures"]), files, heard)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise ModelCorruptError(f"{path} lacks a part or has one of another form; install the model again") from fault


def load_model(folder: Path, *, alone: bool = False) -> AnyModel:
    """Load a model folder.

    Parameters
    ----------
    folder : Path
    alone : bool
        Whether a reader that hears a table is wanted without it, to be joined anew or taught further.

    Returns
    -------
    Table, Reader or Joint

    Raises
    ------
    ModelError
        As `read_manifest`, or if a file is missing, has another checksum, or cannot be parsed.
    """
    manifest = read_manifest(folder)
    kind = KINDS[manifest.kind]
    if sorted(manifest.files) != sorted(kind.FILES):
        raise ModelCorruptError(f"{folder} must name the files {', '.join(kind.FILES)}; install the model again")
    contents = {name: _read_file(folder / name, digest) for name, digest in manifest.files.items()}
    model: Table | Reader = kind.from_files(contents, manifest.info, manifest.calibration)
    if alone or not manifest.heard or not isinstance(model, Reader):
        return model
    return Joint(model, _heard_table(folder, manifest.heard["files"]), manifest.heard["share"], manifest.calibration)


def _heard_table(folder: Path, files: Mapping[str, str]) -> Table:
    """The table that a reader was joined with: the one beside it, else the one that comes with the library."""
    for place in (folder.parent / "table", shipped("table")):
        if _is_table(place, files):
            table = load_model(place)
            assert isinstance(table, Table)  # by its manifest
            return table
    raise ModelNotFoundError(
        f"{folder} needs the table it was joined with, and no folder has it; join the two again or install both"
    )


def _is_table(folder: Path, files: Mapping[str, str]) -> bool:
    try:
        manifest = read_manifest(folder)
    except ModelError:  # another business's, or an older one's: not what is looked for
        return False
    return manifest.kind == "table" and manifest.files == files


def _sums(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in sorted(contents.items())}


def _heard(values: dict[str, Any]) -> dict[str, Any]:
    """Hold what a manifest says of the table it hears to its form."""
    if not values:
        return {}
    share = {str(head): float(x) for head, x in values["share"].items()}
    if share.keys() != set(SLICES):
        raise ValueError(f"share must be given for {', '.join(SLICES)}")
    _finite(share.values())
    if min(share.values()) < 0:
        raise ValueError("a share must not be negative")
    files = {str(name): str(digest) for name, digest in values["files"].items()}
    if sorted(files) != sorted(Table.FILES):
        raise ValueError(f"the heard files must be {', '.join(Table.FILES)}")
    return {"files": files, "share": share}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise ModelCorruptError(f"{path} is larger than {_MOST_MANIFEST_BYTES} bytes; install the model again")
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as fault:
        raise ModelCorruptError(f"{path} is not JSON that can be read; install the model again") from fault
    if not isinstance(values, dict):
        raise ModelCorruptError(f"{path} must hold one JSON object; install the model again")
    return values


def _read_file(path: Path, digest: str) -> bytes:
    if not path.is_file():
        raise ModelCorruptError(f"{path} is missing; install the model again")
    if path.stat().st_size > _MOST_BYTES:
        raise ModelCorruptError(f"{path} is larger than {_MOST_BYTES} bytes; install the model again")
    content = path.read_bytes()
    if sha256(content).hexdigest() != digest:
        raise ModelCorruptError(f"{path} is not what its checksum says; install the model again")
    return content


def _calibration(values: dict[str, Any]) -> Calibration:
    """Read the calibration and hold it to the heads and to finite numbers."""
    calibration = Calibration.from_dict(values)
    wanted = {"temperature": EXCLUSIVE, "slope": INDEPENDENT, "offset": INDEPENDENT, "threshold": INDEPENDENT}
    for name, heads in (wanted | {"second": RANKED, "cuts": ORDINAL}).items():
        if getattr(calibration, name).keys() != set(heads):
            raise ValueError(f"{name} must be given for {heads}")
    numbers = [x for name in (*wanted, "second") for x in getattr(calibration, name).values()]
    _finite([*numbers, *calibration.marks.values(), calibration.speak, calibration.margin, calibration.sure])
    if not calibration.marks.keys() <= set(FACTS):
        raise ValueError(f"marks are of {FACTS}")
    if min(calibration.temperature.values()) <= 0:
        raise ValueError("a temperature must be above 0")
    for head in ORDINAL:
        _finite(cuts := calibration.cuts[head])
        if len(cuts) != len(TAXONOMY[head].names) - 1 or sorted(cuts) != list(cuts):
            raise ValueError(f"the cuts of {head} must rise and be one fewer than its labels")
    return calibration


def _finite(numbers: Iterable[float]) -> None:
    if not all(math.isfinite(x) for x in numbers):
        raise ValueError("a number must be finite")
