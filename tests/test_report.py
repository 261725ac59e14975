"""The report: its figures, what it shows and hides, its exit codes, and how it looks in a browser."""

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser_support import XSS, watched_page, words
from cli_support import SECRET, Done, call, one_line, read, score, write
from conftest import write_lines

from opportunity.advice.playbook import load_playbook
from opportunity.records import Labels
from opportunity.report.scored import ScoredRow, read_scored
from opportunity.report.summary import CLEAREST, MOST_URGENT, summarize
from opportunity.taxonomy import OPPORTUNITIES

TITLES = load_playbook().words
ENDINGS = (".jsonl", ".csv", ".parquet")


@pytest.fixture(scope="module")
def source(small, tmp_path_factory) -> Path:
    """A hundred complaints of the corpus, two a day; and one with private details."""
    texts = [row.text for row in small[::4]]
    private = "Dear Mrs Pellingham, you charged me twice, order AB-48213. I want the £40 back. jo@example.org"
    rows = [
        {"id": f"T-{i}", "text": text, "created": str(date(2026, 9, 1) + timedelta(i // 2))}
        for i, text in enumerate([*texts[:99], private])
    ]
    return write(tmp_path_factory.mktemp("source") / "in.csv", rows)


@pytest.fixture(scope="module")
def scored(source, tmp_path_factory) -> dict[str, Path]:
    """What it is scored to, by ending."""
    folder = tmp_path_factory.mktemp("scored")
    for ending in ENDINGS:
        assert score(source, folder / f"scored{ending}", "--advice", "--keep", "created", "--keep", "text").code == 0
    return {ending: folder / f"scored{ending}" for ending in ENDINGS}


@dataclass(frozen=True)
class Report:
    """What the command said, and the page that it wrote."""

    done: Done
    path: Path

    @property
    def html(self) -> str:
        return self.path.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=ENDINGS)
def report(request, scored, tmp_path_factory) -> Report:
    return reported(scored[request.param], tmp_path_factory.mktemp("report") / "report.html")


def reported(scored: Path, out: Path) -> Report:
    return Report(call("report", scored, "-o", out, "--title", "Our week", "--date-field", "created"), out)


def row(number: int = 0, text: str | None = None, day: str | None = None, **labels: Any) -> ScoredRow:
    chosen = {"kind": "complaint", "opportunity": ("make_whole",), "urgency": "soon", "heat": "calm"} | labels
    abstained, probability = chosen.pop("abstained", None), chosen.pop("probability", 0.5)
    when = day and date.fromisoformat(day)
    return ScoredRow(str(number), Labels(**chosen), abstained, probability, None, None, text, when)


# figures


def test_opportunities_are_counted_among_the_clear_complaints():
    clear = [row(), row(heat="furious"), row(opportunity=("save_the_moment", "make_whole"), urgency="now")]
    unclear = [row(abstained="narrow_margin", urgency="today"), row(kind="praise", abstained="not_a_complaint")]
    summary = summarize([*clear, *unclear])
    assert (summary.messages, summary.complaints, summary.answered, summary.cannot_wait) == (5, 4, 3, 2)
    assert [(o.label, o.count, o.cannot_wait, o.heated) for o in summary.opportunities] == [
        ("make_whole", 2, 0, 1),
        ("save_the_moment", 1, 1, 0),
    ]
    assert summary.opportunities[0].share == pytest.approx(2 / 3)
    assert summary.abstained == {"narrow_margin": 1, "not_a_complaint": 1}
    assert summary.counts["kind"] == {"complaint": 4, "praise": 1}


def test_the_most_urgent_come_first_and_of_equals_the_earlier_one():
    rows = [row(i) for i in range(30)]
    rows[7] = row(7, urgency="today")
    rows[9] = row(9, urgency="now")
    rows[11] = row(11, urgency="now", opportunity=("prevent_harm",))
    rows[13] = row(13, urgency="now", abstained="empty")
    shown = [int(found.id) for found in summarize(rows).most_urgent]
    assert shown[:5] == [11, 9, 7, 0, 1]
    assert len(shown) == MOST_URGENT


def test_the_clearest_of_each_opportunity_are_kept():
    rows = [row(i, probability=i / 100) for i in range(40)] + [row(99, opportunity=("fix_the_cause",))]
    first, second = summarize(rows).opportunities
    assert [int(found.id) for found in first.clearest] == list(range(39, 39 - CLEAREST, -1))
    assert [found.id for found in second.clearest] == ["99"]


def test_where_no_opportunity_is_clear_comes_last():
    rows = [row(opportunity=("none_clear",))] * 3 + [row()]
    assert [o.label for o in summarize(rows).opportunities] == ["make_whole", "none_clear"]


def test_weeks_have_no_gap_and_only_the_latest_are_shown():
    weeks = summarize([row(day="1970-01-01"), row(day="2026-11-01"), row(day="2026-11-18"), row()]).weeks
    assert [(str(week.monday), week.complaints) for week in weeks[-4:]] == [
        ("2026-10-26", 1),
        ("2026-11-02", 0),
        ("2026-11-09", 0),
        ("2026-11-16", 1),
    ]
    assert len(weeks) == 53


# what is read


def test_every_kind_of_file_gives_the_same_rows(scored):
    found = [list(read_scored(path, date_field="created")) for path in scored.values()]
    sure = [[row.probability for row in rows] for rows in found]
    same = [[replace(row, probability=0.0) for row in rows] for rows in found]
    assert same[0] == same[1] == same[2]
    assert sure[1] == pytest.approx(sure[0], abs=1e-5)
    assert sure[2] == pytest.approx(sure[0], abs=1e-5)
    assert found[0][0].day == date(2026, 9, 1)


def test_fields_are_kept_beside_the_answers(tmp_path):
    rows = [{"id": "a", "text": "late", "queue": "north", "n": 3}, {"id": "b", "text": "late again", "queue": None}]
    source = write_lines(tmp_path / "in.jsonl", rows)
    for ending in (".jsonl", ".csv", ".parquet"):
        out = tmp_path / f"out{ending}"
        assert score(source, out, "--keep", "queue", "--keep", "n").code == 0
        assert [(r["queue"] or None, r["n"] or None) for r in read(out)] == [("north", "3"), (None, None)]


def test_a_field_with_the_name_of_an_answer_cannot_be_kept(tmp_path):
    source = write(tmp_path / "in.csv", [{"text": "late", "kind": "x"}])
    assert 'cannot keep "kind"' in one_line(score(source, tmp_path / "out.csv", "--keep", "kind"))
    assert 'has no "day"' in (said := one_line(score(source, tmp_path / "out.csv", "--keep", "day")))
    assert "--text-field" not in said


# the command


def test_the_page_tells_the_figures_and_no_private_details(report, scored):
    said = f"100 read, 0 rejected; the page is {report.path}\n"
    assert report.done == Done(0, said, "")
    summary = summarize(read_scored(scored[".jsonl"], date_field="created"))
    assert "<h1>Our week</h1>" in report.html
    for found in summary.opportunities:
        title = TITLES[f"opportunity.{found.label}.title"]
        figures = rf"{title}</a></th><td>{found.count}</td><td>{found.cannot_wait}</td><td>{found.heated}</td>"
        assert re.search(figures, report.html)
    assert report.html.count('<th scope="row">2026-') == len(summary.weeks)
    assert "emailaddress" in report.html
    assert not re.search("Pellingham|48213|jo@example", report.html)
    assert [path.name for path in report.path.parent.iterdir()] == ["report.html"]


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_has_no_script_and_loads_nothing(report):
    tags = Tags()
    tags.feed(report.html)
    names = {tag for tag, _ in tags.found}
    assert names.isdisjoint({"script", "img", "iframe", "link", "object", "embed", "form", "input"})
    attributes = {(name, value) for _, given in tags.found for name, value in given.items()}
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
    assert all(value.startswith("#") for name, value in attributes if name.endswith("href"))
    (policy,) = [given["content"] for _, given in tags.found if given.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'; script-src 'none'" in policy
    ids = [given["id"] for _, given in tags.found if "id" in given]
    assert len(ids) == len(set(ids))
    assert {value[1:] for name, value in attributes if name == "href"} <= set(ids)


def test_every_chart_says_its_figures_in_words(report, scored):
    first = summarize(read_scored(scored[".jsonl"])).opportunities[0]
    assert report.html.count("<svg") == report.html.count('role="img"') == 8
    assert len(re.findall(r"<svg[^>]*><title>[^<]+</title><desc>[^<]*\d", report.html)) == 8
    assert f"<desc>{TITLES[f'opportunity.{first.label}.title']} {first.count} (" in report.html


def test_the_same_file_gives_the_same_page(scored, tmp_path):
    assert reported(scored[".csv"], tmp_path / "1.html").html == reported(scored[".csv"], tmp_path / "2.html").html


def test_columns_without_words_give_a_page_without_quotes(source, tmp_path):
    score(source, tmp_path / "plain.csv")
    assert call("report", tmp_path / "plain.csv", "-o", tmp_path / "report.html").code == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<blockquote>" not in page
    assert "Week by week" not in page


def test_a_file_without_rows_gives_a_page_that_says_so(tmp_path):
    (tmp_path / "in.csv").write_text("id,text\n", encoding="utf-8")
    score(tmp_path / "in.csv", tmp_path / "scored.csv")
    assert call("report", tmp_path / "scored.csv", "-o", tmp_path / "report.html").code == 0
    assert "No complaint in this file is clear enough" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_rows_that_are_not_scored_are_kept_aside(tmp_path, source):
    good = tmp_path / "good.jsonl"
    score(write(tmp_path / "in.jsonl", [{"text": "You charged me twice."}]), good)
    lines = ["{broken", '{"text": "late"}', good.read_text(encoding="utf-8").replace('"complaint"', f'"{SECRET}"')]
    (tmp_path / "mixed.jsonl").write_text("\n".join([good.read_text(encoding="utf-8").strip(), *lines]), "utf-8")
    done = call("report", tmp_path / "mixed.jsonl", "-o", tmp_path / "report.html")
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith(f"4 read, 3 rejected, see {tmp_path / 'report.html.rejects.jsonl'}; ")
    rejects = read(tmp_path / "report.html.rejects.jsonl")
    assert [(r["line"], r["reason"]) for r in rejects] == [
        (2, "the line is not JSON"),
        (3, "the row is not what opportunity score writes"),
        (4, "the row is not what opportunity score writes"),
    ]


def test_what_cannot_be_reported_is_said_in_one_line(tmp_path, source):
    score(source, tmp_path / "scored.csv")
    out = tmp_path / "report.html"
    assert "Score it first: opportunity score" in one_line(call("report", source, "-o", out))
    assert "there is no file" in one_line(call("report", tmp_path / "none.csv", "-o", out))
    said = one_line(call("report", tmp_path / "scored.csv", "-o", out, "--date-field", "created"))
    assert "Score it again with --keep created." in said
    assert 'has a date in "heat"' in one_line(
        call("report", tmp_path / "scored.csv", "-o", out, "--date-field", "heat")
    )
    assert call("report", tmp_path / "scored.csv").code == 2
    assert not out.exists()


def test_without_its_packages_the_command_names_the_extra(tmp_path):
    code = "import sys; sys.modules['matplotlib'] = None; from opportunity.cli import main; main()"
    command = [sys.executable, "-c", code, "report", "scored.csv", "-o", "out.html"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "pip install 'opportunity[report]'" in done.stderr
    assert done.stderr.count("\n") == 1


# in the browser


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("report", [".jsonl"], indirect=True, scope="module")
def test_it_fits_and_can_be_read_light_and_dark_on_any_width(browser, report, scheme, width):
    with watched_page(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        page.goto(report.path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "14px"
        assert page.get_by_role("img", name="How can I help?").is_visible()
        assert page.get_by_role("table", name="Complaints by their first opportunity").is_visible()
        drawn = page.locator(".chart .bar path").first.evaluate("e => getComputedStyle(e).stroke")
        assert drawn == {"light": "rgb(11, 110, 99)", "dark": "rgb(92, 211, 194)"}[scheme]


@pytest.mark.slow
def test_no_script_of_a_message_runs_in_the_report(browser, nasty, tmp_path):
    """Every text stands in an id, a quote, a message or an advice of the page, or in several."""
    texts = (nasty * 20)[: max(len(nasty), 550)]
    rows = [
        {
            **{"id": i, "evidence": quote, "answer_help": advice, "text": f"{one} {two}"},
            **{"kind": "complaint", "failure": "", "opportunity": OPPORTUNITIES[number % 11], "help": "explain"},
            **{"urgency": "now", "heat": "calm", "flags": "", "abstained": None, "opportunity_probability": 0.5},
        }
        for number, (i, quote, advice, one, two) in enumerate(zip(*[iter(texts)] * 5, strict=False))
    ]
    title = " ".join(XSS[:6])
    scored = write_lines(tmp_path / "<img src=x onerror=window.xss=1>.jsonl", rows)
    assert call("report", scored, "-o", tmp_path / "report.html", "--title", title).code == 0
    address = (tmp_path / "report.html").as_uri()
    with watched_page(browser, only=address) as page:
        page.goto(address)
        assert words(page.title()) == words(page.get_by_role("heading", level=1).text_content()) == words(title)
        planted = page.locator("script, img, iframe, object, embed, link, form, math, video, main style, svg script")
        assert planted.count() == 0
        seen = {words(text) for text in page.locator(".id").all_text_contents()}
        assert {words(row["id"]) for row in rows[:110] if len(row["id"]) <= 60} <= seen
        assert scored.name in seen
