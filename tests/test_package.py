"""The wheel: built, installed alone beside its dependencies, and used from elsewhere."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PathDistribution
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT

import opportunity

EXTRAS = {"server", "distributed", "train", "train-reader", "report", "django", "dev"}
LARGEST_WHEEL = 40 * 2**20
"""Bytes: the reader is more than half of them."""

pytestmark = pytest.mark.slow


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The project's wheel; built without the network where the build backend is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip("wheel", "--no-deps", *isolation, "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder that holds the installed wheel and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--target", target, wheel)
    return target


def run(installed: Path, folder: Path, *command: str) -> subprocess.CompletedProcess:
    """Run Python from another folder; the wheel comes first, the checkout cannot be seen."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = kept | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_wheel_holds_code_typing_models_and_words_and_is_small(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    held = {"py.typed", "taxonomy.toml", "models/table/manifest.json", "models/table/weights.safetensors"}
    assert {f"opportunity/{name}" for name in held} <= names
    shipped = {path.relative_to(ROOT / "src").as_posix() for path in sources()}
    assert shipped <= names
    assert {name.split("/")[0] for name in names} == {"opportunity", f"opportunity-{opportunity.__version__}.dist-info"}
    assert wheel.stat().st_size < LARGEST_WHEEL


def sources() -> list[Path]:
    """Every file of the package but what Python makes of it."""
    package = ROOT / "src" / "opportunity"
    return [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_the_wheel_names_its_command_extras_and_licence(installed):
    (folder,) = installed.glob("*.dist-info")
    told = PathDistribution(folder)
    assert told.version == opportunity.__version__
    (command,) = told.entry_points.select(group="console_scripts")
    assert (command.name, command.value) == ("opportunity", "opportunity.cli:main")
    assert set(told.metadata.get_all("Provides-Extra")) >= EXTRAS
    assert told.metadata["License-Expression"] == "MIT"
    assert told.metadata["Requires-Python"] == ">=3.11"


def test_every_extra_names_a_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"].keys() >= EXTRAS
    assert all(project["optional-dependencies"].values())


def test_everything_that_make_installs_is_pinned():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = told["project"]["optional-dependencies"]
    asked = {name for extra in EXTRAS - {"train-reader"} for name in extras[extra]}
    asked |= {"fasttext-wheel", *told["build-system"]["requires"], *told["project"]["dependencies"]}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {plain(line.partition("==")[0]) for line in lines if "==" in line}
    assert {plain(name) for name in asked} <= pinned


def plain(requirement: str) -> str:
    """A requirement's name as package indexes compare it."""
    return re.sub("[-_.]+", "-", re.split("[^A-Za-z0-9._-]", requirement)[0]).lower()


@pytest.mark.parametrize(("names", "most"), [(("table", "vectors-en"), 25), (("reader",), 26)], ids=["table", "reader"])
def test_what_is_shipped_is_small(names, most):
    files = [path for name in names for path in (ROOT / "models" / name).iterdir()]
    assert 0 < sum(path.stat().st_size for path in files) <= most * 10**6


def test_the_installed_command_suggests_from_another_folder(installed, tmp_path):
    script = installed / "bin" / "opportunity"
    done = run(installed, tmp_path, str(script), "suggest", "You charged me twice.", "--model", "table")
    assert (done.returncode, done.stderr) == (0, "")
    assert "How can I help?" in done.stdout


def test_the_installed_package_uses_its_own_model(installed, tmp_path):
    code = (
        "import opportunity; from opportunity.model.store import shipped; "
        "print(opportunity.__file__); print(shipped('table')); "
        "print(opportunity.load('table', facts=False)('You charged me twice.').chosen.kind)"
    )
    done = run(installed, tmp_path, "-c", code)
    assert done.stderr == ""
    package, model, kind = done.stdout.splitlines()
    assert Path(package).is_relative_to(installed)
    assert Path(model).is_relative_to(installed)
    assert kind == "complaint"
