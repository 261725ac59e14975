"""The command line: what each command prints and writes, its exit codes, and that it never tells a customer's text."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_support import QUESTION, ROWS, SECRET, TEXT, Done, call, one_line, read, score, write
from conftest import ROOT, shared, write_lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from threadpoolctl import threadpool_limits

import opportunity
from opportunity.batch.rows import READERS
from opportunity.batch.score import WRITERS, score_file
from opportunity.cli.card import card
from opportunity.errors import DataError
from opportunity.taxonomy import HEADS


def spawn(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from opportunity.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)


@pytest.fixture(scope="module")
def triage():
    return opportunity.load("table")


# suggest


def test_suggest_prints_both_answers_as_a_card():
    done = call("suggest", TEXT, "--model", "table")
    assert (done.code, done.err) == (0, "")
    assert "What is the real opportunity here?" in done.out
    assert "How can I help?" in done.out
    assert "make whole" in done.out


def test_suggest_as_json_is_what_the_library_says(triage):
    done = call("suggest", TEXT, "--json", "--facts", "--model", "table")
    assert done.code == 0
    assert json.loads(done.out) == json.loads(json.dumps(triage(TEXT).to_dict()))


@pytest.mark.parametrize("arguments", [("suggest", "-"), ("suggest",)], ids=["dash", "nothing"])
def test_suggest_reads_standard_input(triage, arguments):
    done = call(*arguments, "--json", "--facts", "--model", "table", stdin=TEXT.encode())
    assert json.loads(done.out) == json.loads(json.dumps(triage(TEXT.encode()).to_dict()))


def test_suggest_reads_any_bytes_from_standard_input(triage):
    given_bytes = "Caf\xe9 closed, £40 lost \x81\xff\0".encode("latin-1")
    done = call("suggest", "--json", "--facts", "--model", "table", stdin=given_bytes)
    assert json.loads(done.out) == json.loads(json.dumps(triage(given_bytes).to_dict()))


def test_suggest_says_why_it_holds_back():
    assert "Held back: not a complaint" in call("suggest", QUESTION, "--model", "table").out
    done = call("suggest", " ", "--json", "--model", "table")
    assert (done.code, json.loads(done.out)["abstained"]) == (0, "empty")


@pytest.mark.parametrize("words", [1, 10, 60, 200, 600, 4000])
def test_card_fits_one_screen(triage, words):
    text = " ".join([TEXT] * (1 + words // len(TEXT.split())))[: 6 * words]
    out = drawn(triage, text)
    assert out.count("\n") <= 40
    assert max(map(len, out.splitlines())) <= 100


def test_card_of_a_long_letter_shows_the_words_that_decided(triage):
    letter = "We came on Sunday and the weather was fine.\r\n" * 60 + TEXT
    suggestion = triage(letter)
    quotes = [x.quote for x in suggestion.evidence if x.label in suggestion.chosen.opportunity[:1]]
    assert quotes
    shown = " ".join(drawn(triage, letter).replace("│", " ").split())
    assert any(quote in shown for quote in quotes)


def test_card_obeys_nothing_that_a_complaint_says_to_the_terminal(triage):
    out = drawn(triage, f"{TEXT} \x1b[2J\x07[bold]late[/bold]")
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]late[/bold]" in out


def drawn(triage, text):
    console = Console(width=100, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(card(triage(text), text))
    return captured.get()


def test_suggest_takes_an_argument_that_is_no_unicode():
    done = spawn(b"suggest".decode(), "--json", "--model", "table", os.fsdecode(b"late \xff again"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["kind"]


def suggested(done: Done) -> dict:
    """The JSON of a suggestion that came without a word of complaint, and without a number that is none."""
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


@pytest.fixture(scope="module")
def naughty() -> list[str]:
    return json.loads(shared("data/blns.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_suggest_reads_every_naughty_string(triage, naughty, part):
    for text in naughty[part::10]:
        done = call("suggest", "-", "--json", "--facts", "--model", "table", stdin=text.encode())
        assert suggested(done) == json.loads(json.dumps(triage(text.encode()).to_dict()))


def test_suggest_takes_naughty_strings_as_its_argument(naughty):
    for text in naughty[::20]:
        card = call("suggest", "--model", "table", "--", text)
        assert (card.code, card.err) == (0, "")
        assert suggested(call("suggest", "--json", "--model", "table", "--", text))["kind"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(text=st.text(max_size=200).filter(lambda text: text != "-"), raw=st.binary(max_size=200))
def test_suggest_reads_any_text_and_any_bytes(triage, text, raw):
    options = ("--json", "--facts", "--model", "table")
    assert suggested(call("suggest", *options, "--", text)) == json.loads(json.dumps(triage(text).to_dict()))
    assert suggested(call("suggest", *options, stdin=raw)) == json.loads(json.dumps(triage(raw).to_dict()))


@pytest.mark.slow
def test_the_commands_own_process_reads_naughty_strings(triage, naughty):
    for text in naughty[:: len(naughty) // 6]:
        done = spawn("suggest", "-", "--json", "--facts", "--model", "table", input=text.encode())
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads(done.stdout) == json.loads(json.dumps(triage(text.encode()).to_dict()))


def test_a_text_that_looks_like_an_option_is_wrong_use():
    assert call("suggest", "--late", "--model", "table").code == 2


# score


@pytest.mark.parametrize("into", WRITERS)
@pytest.mark.parametrize("source", READERS)
def test_score_reads_and_writes_every_kind_of_file(tmp_path, triage, source, into):
    out = tmp_path / f"out{into}"
    done = score(write(tmp_path / f"in{source}", ROWS), out)
    assert done == Done(0, f"3 read, 3 written to {out}, 0 rejected\n", "")
    rows = read(out)
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    expected = [triage(row["text"]) for row in ROWS]
    chosen = [row["chosen"] if into == ".jsonl" else row for row in rows]
    assert [row["kind"] for row in chosen] == [e.chosen.kind for e in expected]
    assert [row["abstained"] or None for row in rows] == [e.abstained for e in expected]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([f"in{source}", out.name])


def test_score_writes_the_contract_as_json_lines(tmp_path, triage):
    out = tmp_path / "out.jsonl"
    score(write(tmp_path / "in.jsonl", ROWS), out)
    complaints = [opportunity.Complaint(row["text"], row["id"]) for row in ROWS]
    assert read(out) == [json.loads(json.dumps(s.to_dict())) for s in triage.pipe(complaints)]


@pytest.mark.parametrize("into", [".csv", ".parquet"])
def test_advice_adds_answers_and_evidence_to_columns(tmp_path, triage, into):
    plain, advised = tmp_path / f"plain{into}", tmp_path / f"advised{into}"
    source = write(tmp_path / "in.csv", ROWS)
    score(source, plain)
    score(source, advised, "--advice")
    assert read(advised)[0]["answer_help"] == triage(TEXT).answers.help
    for before, after in zip(read(plain), read(advised), strict=True):
        assert {head: before[head] for head in HEADS} == {head: after[head] for head in HEADS}


def test_score_prints_cards_and_nothing_of_progress(tmp_path):
    done = score(write(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl", "--cards", 2)
    assert done.out.count("What is the real opportunity here?") >= 1
    assert done.err == ""


def test_cards_that_hold_nothing_back_stand_first(tmp_path):
    plain = "Refund me. You charged my card twice and I want my money back."
    rows = [{"id": "row-1", "text": "Do you open on Sunday?"}, {"id": "row-2", "text": plain}]
    done = score(write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", "--cards", 1)
    assert "row-2" in done.out
    assert "row-1" not in done.out


def test_rows_that_cannot_be_read_are_kept_with_line_reason_and_row(tmp_path):
    source = tmp_path / "in.jsonl"
    lines = [
        json.dumps(ROWS[0]),
        "{broken",
        '["list"]',
        '{"id": 4, "body": "late"}',
        "",
        '{"text": 5}',
        '{"text": "late"}',
    ]
    source.write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out.csv"
    done = score(source, out)
    assert done.code == 3
    assert done.out == f"6 read, 2 written to {out}, 4 rejected, see {out}.rejects.jsonl\n"
    assert done.err == ""
    rejects = read(Path(f"{out}.rejects.jsonl"))
    assert rejects == [
        {"line": 2, "reason": "the line is not JSON", "row": "{broken"},
        {"line": 3, "reason": "the line is a list, not an object", "row": '["list"]'},
        {
            "line": 4,
            "reason": 'the row has no "text"; it has "id", "body". Did you mean --text-field body?',
            "row": '{"id": 4, "body": "late"}',
        },
        {"line": 6, "reason": '"text" is a int, not a string', "row": '{"text": 5}'},
    ]
    assert [row["id"] for row in read(out)] == ["a", "7"]


def test_rows_of_too_many_or_few_fields_are_rejected(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text('id,text\n1,late\n2,late,again\n3\n4,"two\nlines"\n', encoding="utf-8")
    assert score(source, tmp_path / "out.csv").code == 3
    assert read(tmp_path / "out.csv.rejects.jsonl") == [
        {"line": 3, "reason": "the row has more or fewer than 2 fields", "row": "2,late,again"},
        {"line": 4, "reason": "the row has more or fewer than 2 fields", "row": "3"},
    ]


def test_null_texts_are_rejected_and_null_ids_are_row_numbers(tmp_path):
    rows = [{"id": None, "text": "late"}, {"id": "b", "text": None}]
    assert score(write(tmp_path / "in.parquet", rows), tmp_path / "out.parquet").code == 3
    assert [row["id"] for row in read(tmp_path / "out.parquet")] == ["1"]
    assert read(tmp_path / "out.parquet.rejects.jsonl")[0]["line"] == 2


def test_rejects_of_an_earlier_run_do_not_stay(tmp_path):
    out = tmp_path / "out.csv"
    (tmp_path / "in.jsonl").write_text("{broken\n", encoding="utf-8")
    assert score(tmp_path / "in.jsonl", out).code == 3
    assert score(write(tmp_path / "in.jsonl", ROWS), out).code == 0
    assert not Path(f"{out}.rejects.jsonl").exists()


@pytest.mark.parametrize("into", WRITERS)
def test_a_file_without_rows_gives_an_output_without_rows(tmp_path, into):
    (tmp_path / "in.csv").write_text("id,text\n", encoding="utf-8")
    out = tmp_path / f"out{into}"
    assert score(tmp_path / "in.csv", out).out == f"0 read, 0 written to {out}, 0 rejected\n"
    assert read(out) == []
    if into != ".jsonl":
        assert b"opportunity_probability" in out.read_bytes()


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    for ending, text in ((".csv", "id,text\r\n1,late\r\n"), (".jsonl", '{"id": "1", "text": "late"}\n')):
        source = tmp_path / f"in{ending}"
        source.write_text(text, encoding="utf-8-sig")
        assert score(source, tmp_path / "out.csv").code == 0
        assert [row["id"] for row in read(tmp_path / "out.csv")] == ["1"]


@pytest.mark.parametrize(("source", "rows"), [("in.csv", "body,n\nlate,1\n"), ("in.parquet", None)])
def test_another_text_field_is_hinted_at_and_taken(tmp_path, source, rows):
    path = tmp_path / source
    if rows:
        path.write_text(rows, encoding="utf-8")
    else:
        write(path, [{"body": "late", "n": 1}])
    assert 'has no "text"; it has "body", "n". Did you mean --text-field body?' in one_line(
        score(path, tmp_path / "o.csv")
    )
    assert not (tmp_path / "o.csv").exists()
    assert score(path, tmp_path / "o.csv", "--text-field", "body", "--id-field", "n").code == 0
    assert [row["id"] for row in read(tmp_path / "o.csv")] == ["1"]


def test_a_file_without_a_header_does_not_have_its_first_message_told(tmp_path):
    (tmp_path / "in.csv").write_text(f"1,My {SECRET} is late and nobody has called me back\n", encoding="utf-8")
    assert "its first line names no fields" in one_line(score(tmp_path / "in.csv", tmp_path / "out.csv"))


@pytest.mark.parametrize(
    ("source", "out", "said"),
    [
        ("none.csv", "out.csv", "there is no file"),
        ("in.txt", "out.csv", 'ends in ".txt"; give a file that ends in .csv, .jsonl, .parquet'),
        ("in.csv", "out.xlsx", 'ends in ".xlsx"; give a file that ends in .csv, .jsonl, .parquet'),
        ("in.csv", "none/out.csv", "No such file or directory"),
        ("broken.parquet", "out.csv", "is not a Parquet file that can be read"),
        ("cut.parquet", "out.csv", "is not a Parquet file that can be read"),
        ("empty.csv", "out.csv", 'has no "text"; it has nothing'),
    ],
)
def test_a_file_that_cannot_be_scored_is_said_in_one_line(tmp_path, source, out, said):
    write(tmp_path / "in.csv", ROWS)
    (tmp_path / "in.txt").write_text(SECRET, encoding="utf-8")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "broken.parquet").write_text(SECRET, encoding="utf-8")
    whole = write(tmp_path / "cut.parquet", ROWS * 100).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:100] + bytes(100) + whole[200:])
    assert said in one_line(score(tmp_path / source, tmp_path / out))
    assert not (tmp_path / out).exists()
    assert list(tmp_path.rglob("*.part")) == []


def test_an_output_is_never_half_written(tmp_path, triage):
    """The output that was there stays until the new one is whole, and a failure leaves nothing behind."""

    class FailingTriage(opportunity.Triage):
        def pipe(self, complaints):
            yield from list(super().pipe(complaints))[:1]
            raise DataError("enough")

    out = tmp_path / "out.jsonl"
    out.write_text("before", encoding="utf-8")
    with pytest.raises(DataError, match="enough"):
        score_file(FailingTriage(triage.model), write(tmp_path / "in.jsonl", ROWS), out)
    assert out.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.slow
def test_a_killed_run_leaves_the_output_as_it_was(tmp_path):
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    out.write_text("before", encoding="utf-8")
    source = write(tmp_path / "in.jsonl", ROWS * 20_000)
    code = "from opportunity.cli import main; main()"
    command = [sys.executable, "-c", code, "score", str(source), "-o", str(out), "--model", "table"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        until = time.monotonic() + 60
        while not part.exists() and running.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert part.exists()
    assert out.read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize("into", WRITERS)
@pytest.mark.parametrize("source", READERS)
def test_naughty_strings_are_scored(tmp_path, source, into):
    texts = json.loads(shared("data/blns.json").read_text(encoding="utf-8"))
    rows = [{"id": str(i), "text": text} for i, text in enumerate(texts)]
    out = tmp_path / f"out{into}"
    assert score(write(tmp_path / f"in{source}", rows), out).code == 0
    assert [row["id"] for row in read(out)] == [row["id"] for row in rows]


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.text(st.characters(), max_size=80), max_size=20), into=st.sampled_from(list(WRITERS)))
def test_any_text_is_scored(tmp_path_factory, texts, into):
    folder = tmp_path_factory.mktemp("any")
    rows = [{"id": f"{i} {text[:3]}", "text": text} for i, text in enumerate(texts)]
    out = folder / f"out{into}"
    done = score(write_lines(folder / "in.jsonl", rows), out)
    assert done == Done(0, f"{len(rows)} read, {len(rows)} written to {out}, 0 rejected\n", "")
    assert len(read(out)) == len(rows)


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=400), ending=st.sampled_from(list(READERS)))
def test_any_file_is_scored_or_refused_in_one_line(tmp_path_factory, content, ending):
    folder = tmp_path_factory.mktemp("any")
    (folder / f"in{ending}").write_bytes(content)
    done = score(folder / f"in{ending}", folder / "out.csv")
    assert done.code in (0, 1, 3)
    if done.code == 1:
        one_line(done)
    else:
        assert (folder / "out.csv").exists()


# check


def test_check_reads_any_bytes_from_standard_input():
    done = call("check", TEXT, "--model", "table", stdin="Sorry, the £40 is on its way. \x81\xff\0".encode("latin-1"))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Am I doing my best?")


# train and evaluate


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """A few hundred labelled rows as they stand in the corpus."""
    every = (ROOT / "data" / "complaints.jsonl").read_text(encoding="utf-8").splitlines()
    return every[:: max(1, len(every) // 300)]


@pytest.fixture(scope="module")
def trained(lines, tmp_path_factory) -> tuple[Path, Path, Done]:
    """Rows, a model folder trained on them, and what the command said."""
    folder = tmp_path_factory.mktemp("trained")
    data, model = folder / "rows.jsonl", folder / "model"
    data.write_text("\n".join(lines), encoding="utf-8")
    with threadpool_limits(1):  # more threads only wait for one another where the machine is busy
        return data, model, call("train", data, "-o", model, "--folds", 2, "--jobs", 1, "--name", "mine")


@pytest.mark.slow
def test_train_writes_a_model_that_suggests(trained, lines):
    _, model, done = trained
    assert (done.code, done.err) == (0, "")
    assert f"{len(lines)} rows" in done.out
    assert done.out.rstrip().endswith(f"model mine 1 in {model}; its card is {model / 'MODEL_CARD.md'}")
    said = call("suggest", TEXT, "--model", model, "--json")
    assert json.loads(said.out)["model"]["name"] == "mine"


@pytest.mark.slow
def test_evaluate_prints_every_figure(trained):
    data, model, _ = trained
    printed = call("evaluate", model, data)
    done = call("evaluate", model, data, "--json")
    assert (printed.code, done.code, done.err) == (0, 0, "")
    evaluation = json.loads(done.out)
    assert evaluation == opportunity.evaluate(opportunity.load(model).model, _rows(data)).to_dict()
    assert evaluation["figures"].keys() >= {"index", "opportunity_top1", "opportunity_recall_at_3"}
    for name, value in evaluation["figures"].items():
        assert f"{name:34s} {value:.3f}" in printed.out
    assert f"calibration error {evaluation['calibration_error']:.3f}" in printed.out


def _rows(path: Path) -> list:
    from opportunity.learning.datasets import read_rows

    return read_rows([path])


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_rows_without_labels_are_refused_by_line(tmp_path, command):
    path = write_lines(tmp_path / "rows.jsonl", [{"id": "1", "text": SECRET}])
    arguments = ("train", path, "-o", tmp_path / "m") if command == "train" else ("evaluate", "table", path)
    assert "line 1 of" in (said := one_line(call(*arguments)))
    assert "lacks kind" in said


def test_too_few_rows_are_refused(tmp_path, lines):
    (tmp_path / "rows.jsonl").write_text("\n".join(lines[:5]), encoding="utf-8")
    said = one_line(call("train", tmp_path / "rows.jsonl", "-o", tmp_path / "m"))
    assert "there are 5 labelled rows; at least 50 are needed" in said


# wrong use, and what is broken


def broken_models(folder: Path) -> dict[str, Path]:
    """Model folders that cannot be used, by what is wrong with them."""
    contents = {
        "no manifest": {},
        "no JSON": {"manifest.json": b"{"},
        "of the future": {"manifest.json": b'{"format": 99}'},
        "of another kind": {"manifest.json": b'{"format": 1, "kind": "pickle"}'},
        "without parts": {"manifest.json": b'{"format": 1, "kind": "table"}'},
    }
    for name, files in contents.items():
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
    return {name: folder / name for name in contents}


@pytest.mark.parametrize("command", ["suggest", "score", "evaluate"])
def test_a_broken_model_is_said_in_one_line(tmp_path, command):
    source = write(tmp_path / "in.jsonl", ROWS)
    for model in [*broken_models(tmp_path).values(), tmp_path / "nowhere"]:
        arguments = {
            "suggest": ("suggest", SECRET, "--model", model),
            "score": ("score", source, "-o", tmp_path / "out.csv", "--model", model),
            "evaluate": ("evaluate", model, source),
        }
        assert str(model) in one_line(call(*arguments[command]))


def test_a_tampered_model_is_said_in_one_line(tmp_path):
    from opportunity.model.store import shipped

    for file in shipped("table").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "vocabulary.txt").open("ab") as words:
        words.write(b"x\n")
    assert "is not what its checksum says" in one_line(call("suggest", SECRET, "--model", tmp_path))


def test_a_broken_playbook_is_said_in_one_line(tmp_path):
    (tmp_path / "own.toml").write_text("[", encoding="utf-8")
    assert "own.toml" in one_line(call("suggest", SECRET, "--model", "table", "--playbook", tmp_path / "own.toml"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("suggest", "--unknown"),
        ("nothing",),
        ("score", "in.csv"),
        ("score", "in.csv", "-o", "out.csv", "--cards", "many"),
        ("score", "in.csv", "-o", "out.csv", "--cards", "-1"),
        ("train", "-o", "model"),
        ("train", "in.jsonl", "-o", "model", "--folds", "1"),
        ("evaluate", "table"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_two(arguments):
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage" in done.err


@pytest.mark.parametrize("command", [(), ("suggest",), ("score",), ("train",), ("evaluate",)], ids=" ".join)
def test_every_command_has_help(command):
    done = call(*command, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Usage: opportunity" in done.out


def test_a_full_disk_is_said_in_one_line():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no device here that is always full")
    with full.open("w") as out:
        command = [sys.executable, "-c", "from opportunity.cli import main; main()", "playbook", "show"]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, "opportunity: No space left on device\n")


def test_the_codes_are_those_of_the_process(tmp_path):
    source, out = write(tmp_path / "in.jsonl", ROWS[:1]), tmp_path / "out.csv"
    scored = ("score", "in.jsonl", "-o", "out.csv", "--model", "table")
    done = spawn(*scored, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1 read, 1 written to out.csv, 0 rejected\n", b"")
    with source.open("a", encoding="utf-8") as lines:
        lines.write("{broken\n")
    assert spawn(*scored, cwd=tmp_path).returncode == 3
    assert spawn("score", cwd=tmp_path).returncode == 2
    failed = spawn("score", "none.csv", "-o", "out.csv", cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert failed.stderr.count(b"\n") == 1
    assert len(read(out)) == 1


def test_a_reader_that_goes_away_is_no_fault(tmp_path):
    code = "from opportunity.cli import main; main()"
    command = [sys.executable, "-c", code, "suggest", TEXT, "--json", "--model", "table"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()
