import re
from pathlib import Path

import pytest

from opportunity.serve.settings import Settings, VendorSettings
from opportunity.serve.vendors import VENDORS

DOCS = (Path(__file__).parents[1] / "docs" / "helpdesk.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"^```python\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE))
def test_every_block_of_python_runs(code: str) -> None:
    exec(compile(code, "helpdesk.md", "exec"), {})


def test_every_setting_stands_in_the_docs_and_no_other() -> None:
    named = set(re.findall(r"OPPORTUNITY_((?:[A-Z]+_)*[A-Z]+)(?:__|\b)", DOCS))
    assert {name.upper() for name in Settings.model_fields} == named


def test_every_setting_of_a_vendor_stands_in_the_docs() -> None:
    assert {name for name in VendorSettings.model_fields if name.upper() not in DOCS} == set()


def test_every_vendor_stands_in_the_docs() -> None:
    assert {name for name in VENDORS if f"| `{name}` |" not in DOCS} == set()
