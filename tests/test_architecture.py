"""Imports point one way, and the door opens nothing that is not asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import opportunity

SOURCE = Path(opportunity.__file__).parent

# Read it as the way of a message: each room imports only rooms above it (and itself).
ROOMS = [
    ("errors",),
    ("taxonomy",),
    ("records",),
    ("text",),
    ("model",),
    ("advice",),
    ("triage",),
    ("learning",),
    ("journal",),
    ("batch",),
    ("report",),
    ("serve",),
    ("integrations",),
    ("cli",),
]
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}


def modules():
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if parts != ("__init__",):
            yield path, parts[0]


def imported(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opportunity"):
            yield node.module.split(".")[1] if "." in node.module else None
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("opportunity."))


def test_every_module_stands_in_a_room():
    assert {room for _, room in modules()} <= RANK.keys()


@pytest.mark.parametrize(("path", "room"), list(modules()), ids=lambda value: getattr(value, "stem", value))
def test_a_room_imports_only_rooms_above_it(path, room):
    below = {name for name in imported(path) if name and name != room and RANK[name] >= RANK[room]}
    assert below == set()


def test_there_is_no_drawer_for_odds_and_ends():
    assert [path for path, _ in modules() if path.stem in ("utils", "helpers", "common", "misc")] == []


def test_the_public_names_are_the_ones_listed():
    public = {name for name in dir(opportunity) if not name.startswith("_")} | {"__version__"}
    assert public == set(opportunity.__all__)
    for name in opportunity.__all__:
        assert getattr(opportunity, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'score'"):
        _ = opportunity.score


@pytest.mark.parametrize("path", [path for path, _ in modules()], ids=lambda path: path.stem)
def test_every_module_lists_what_it_offers(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module says in its first line why it exists"
    assigned = {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    offers = any(isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_") for n in tree.body)
    assert "__all__" in assigned or not offers


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_library_is_quick_and_pulls_nothing_heavy_in():
    loaded = run("import opportunity, sys; print(*sys.modules)").split()
    assert {"sklearn", "spacy", "numpy", "pyarrow", "onnxruntime", "torch", "typer"}.isdisjoint(loaded)


def test_one_suggestion_needs_neither_scikit_learn_nor_pyarrow():
    code = "import opportunity, sys; opportunity.load('table', facts=False)('late'); print(*sys.modules)"
    assert {"sklearn", "scipy", "spacy", "pyarrow"}.isdisjoint(run(code).split())
