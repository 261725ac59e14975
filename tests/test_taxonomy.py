import re

from conftest import SHARED, shared

from opportunity.taxonomy import HEADS, OPPORTUNITIES, TAXONOMY


def guide_tables() -> dict[str, list[list[str]]]:
    """The rows of the labelling guide's tables, by the heading they stand under."""
    tables: dict[str, list[list[str]]] = {}
    head = ""
    for line in shared("labelling-guide.md").read_text(encoding="utf-8").splitlines():
        if m := re.match(r"## (\w+)", line):
            head = m.group(1)
        elif line.startswith("|") and not line.startswith(("| label", "| #", "|---")):
            tables.setdefault(head, []).append([cell.strip() for cell in line.strip("|").split("|")])
    return tables


def test_the_heads_are_those_of_the_contract():
    assert HEADS == ("kind", "failure", "opportunity", "help", "urgency", "heat", "flags")


def test_labels_and_meanings_are_those_of_the_guides_tables():
    tables = guide_tables()
    for head in ("kind", "failure", "help", "flags"):
        assert [(label.name, label.meaning) for label in TAXONOMY[head].labels] == [tuple(r) for r in tables[head]]
    urgency = [tuple(row) for row in reversed(tables["urgency"])]
    assert [(label.name, label.meaning) for label in TAXONOMY["urgency"].labels] == urgency


def test_opportunities_stand_in_the_guides_order_of_decision():
    rows = guide_tables()["opportunity"]
    assert [int(row[0]) for row in rows] == list(range(1, 12))
    ours = [(label.name, label.meaning, label.not_when or "") for label in TAXONOMY["opportunity"].labels]
    assert ours == [tuple(row[1:]) for row in rows]


def test_heat_is_worded_as_in_the_guide():
    text = (SHARED / "labelling-guide.md").read_text(encoding="utf-8") if SHARED.exists() else None
    for label in TAXONOMY["heat"].labels:
        assert text is None or f"`{label.name}` {label.meaning}" in text


def test_scales_run_from_least_to_most():
    assert TAXONOMY["urgency"].names == ("routine", "soon", "today", "now")
    assert TAXONOMY["heat"].names == ("calm", "upset", "furious")
    assert OPPORTUNITIES[0] == "prevent_harm"
    assert OPPORTUNITIES[-1] == "none_clear"


def test_no_head_names_a_label_twice():
    for head in TAXONOMY.values():
        assert len(set(head.names)) == len(head.names)
