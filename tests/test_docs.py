"""The documentation is executed: Python blocks, commands, and the examples in docstrings.

A fenced ``python`` block runs, those of one file one after another in one namespace; with ``>>>`` its printed answers
are compared. In a fenced ``console`` block each line that begins with ``$ opportunity`` runs in a copy of the project's
data; what follows it up to the next command is compared where it stands, ``...`` for whatever may differ. A fence
such as ``python no-run`` is only shown.
"""

import ast
import doctest
import importlib
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT

import opportunity

PAGES = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if path.is_file()]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
OPTIONAL = ("torch", "transformers", "onnx", "onnxscript", "cleanlab", "distributed", "matplotlib", "fastapi", "django")
_FENCE = re.compile(r"^(?P<indent>[ ]*)```(?P<language>\w+)(?P<rest>[^\n]*)\n(?P<code>.*?)^(?P=indent)```", re.M | re.S)


class Block(NamedTuple):
    """Code in a page, and the line that it begins at."""

    language: str
    code: str
    line: int


class Command(NamedTuple):
    """A command in a page, and what the page says that it prints."""

    page: Path
    line: int
    text: str
    expected: str


def blocks(page: Path, language: str) -> list[Block]:
    """The fenced blocks of a language that are to be run."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        if match["language"] == language and "no-run" not in match["rest"]:
            code = re.sub(f"^{match['indent']}", "", match["code"], flags=re.M)
            found.append(Block(language, code, text.count("\n", 0, match.start()) + 2))
    return found


def commands() -> list[Command]:
    """Every ``$ opportunity`` of the pages, a line that ends in a backslash goes on."""
    found = []
    for page in PAGES:
        for block in blocks(page, "console"):
            for part in re.split(r"^(?=\$ )", block.code, flags=re.M):
                text, _, expected = part.replace("\\\n", " ").partition("\n")
                if text.startswith("$ opportunity"):
                    found.append(Command(page, block.line, text[2:], expected))
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture
def workplace(tmp_path, monkeypatch) -> Path:
    """A folder with the files that the pages speak of."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name)
def test_python_in_a_page_runs(page, workplace):
    namespace = {"__name__": "__main__"}
    for block in blocks(page, "python"):
        if ">>>" in block.code:
            case = doctest.DocTestParser().get_doctest(block.code, namespace, name(page), str(page), block.line)
            assert_passes(case)
            namespace |= case.globs
        else:
            tree = ast.parse(block.code, str(page))
            ast.increment_lineno(tree, block.line - 1)
            exec(compile(tree, str(page), "exec"), namespace)


def assert_passes(case: doctest.DocTest) -> None:
    told: list[str] = []
    failed = doctest.DocTestRunner(optionflags=FLAGS).run(case, out=told.append, clear_globs=False).failed
    assert not failed, "".join(told)


@pytest.mark.parametrize("command", commands(), ids=lambda command: f"{name(command.page)}:{command.line}")
def test_a_command_in_a_page_does_what_the_page_says(command, workplace):
    if any(word in command.text for word in ("opportunity serve", "opportunity train")):
        pytest.skip("it does not end by itself, or takes minutes; it has tests of its own")
    program = f"{shlex.quote(sys.executable)} -c 'from opportunity.cli import main; main()'"
    line = re.sub(r"(^|&& )opportunity ", lambda start: f"{start[1]}{program} ", command.text)
    done = subprocess.run(
        line,
        shell=True,
        cwd=workplace,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    if command.expected.strip():
        same = doctest.OutputChecker().check_output(command.expected.strip(), done.stdout.strip(), FLAGS)
        assert same, done.stdout


def modules() -> list[str]:
    """Every module of the package by name, none imported."""
    package = Path(opportunity.__file__).parent
    return [module.name for module in pkgutil.walk_packages([str(package)], "opportunity.")]


def examples(module: str) -> bool:
    """Whether a module has examples; told from its source, as importing it may need more than is installed."""
    path = Path(opportunity.__file__).parents[1] / Path(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ">>> " in source.read_text(encoding="utf-8")


@pytest.mark.parametrize("module", ["opportunity", *filter(examples, modules())])
def test_examples_in_docstrings_are_true(module, workplace):
    try:
        imported = importlib.import_module(module)
    except (ImportError, opportunity.OpportunityError) as fault:
        if missing := [package for package in OPTIONAL if not find_spec(package)]:
            pytest.skip(f"needs one of {', '.join(missing)}: {fault}")
        raise
    for case in doctest.DocTestFinder(exclude_empty=True).find(imported):
        if case.examples:
            assert_passes(case)
