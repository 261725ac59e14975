"""The commands' names; each command's module is imported when the command is run."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["app"]

app = typer.Typer(
    name="opportunity",
    help="Reads a customer's complaint: what is the real opportunity here, and how can I help?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Model = Annotated[str | None, typer.Option("--model", "-m", help="A model folder, or reader, table or auto.")]
Playbook = Annotated[Path | None, typer.Option("--playbook", help="A business's own lines (TOML).")]


def _run(command: str, *args: Any, **options: Any) -> None:
    code = import_module(f"opportunity.cli.{command}").main(*args, **options)
    if code:
        raise typer.Exit(code)


@app.command()
def suggest(
    text: Annotated[str | None, typer.Argument(help="The complaint; - or nothing reads standard input.")] = None,
    model: Model = None,
    playbook: Playbook = None,
    json: Annotated[bool, typer.Option("--json", help="Print the output contract.")] = False,
    facts: Annotated[
        bool, typer.Option("--facts", help="Also look for facts; takes a second or two to start.")
    ] = False,
) -> None:
    """Suggest how to answer one complaint, as a card."""
    _run("suggest", text, model=model, playbook=playbook, as_json=json, facts=facts)


@app.command()
def score(
    source: Annotated[Path, typer.Argument(help="A CSV, JSONL or Parquet file of messages.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write: .csv, .jsonl or .parquet.")],
    text_field: Annotated[str, typer.Option(help="The field that holds the text.")] = "text",
    id_field: Annotated[str, typer.Option(help="The field that holds the id.")] = "id",
    keep: Annotated[
        list[str] | None, typer.Option(help="A further field to write beside the answers, such as a date; repeatable.")
    ] = None,
    advice: Annotated[bool, typer.Option("--advice", help="Also answers and evidence in CSV and Parquet.")] = False,
    cards: Annotated[
        int,
        typer.Option(min=0, help="Print so many suggestions as cards, of the first rows those that hold nothing back."),
    ] = 0,
    model: Model = None,
    playbook: Playbook = None,
) -> None:
    """Score a file of complaints."""
    options = {"text_field": text_field, "id_field": id_field, "keep": keep or [], "advice": advice, "cards": cards}
    _run("score", source, out, model=model, playbook=playbook, **options)


@app.command()
def report(
    scored: Annotated[Path, typer.Argument(help="What opportunity score wrote: CSV, JSONL or Parquet.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML page to write.")],
    title: Annotated[str, typer.Option(help="The page's heading.")] = "Where the real opportunities lie",
    date_field: Annotated[str | None, typer.Option(help="A kept field with dates: also shows it by week.")] = None,
    text_field: Annotated[str, typer.Option(help="A kept field with the messages, where there is one.")] = "text",
    playbook: Playbook = None,
) -> None:
    """Show a scored backlog on one page: where the opportunities lie, what is urgent, and the customers' words."""
    _run("report", scored, out, title=title, date_field=date_field, text_field=text_field, playbook=playbook)


@app.command()
def train(
    data: Annotated[list[Path], typer.Argument(help="JSONL files of labelled rows.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model folder to write.")],
    texts: Annotated[
        list[Path] | None, typer.Option(help="JSONL files with the texts of rows that hold ids only.")
    ] = None,
    kind: Annotated[str, typer.Option(help="table, or reader (needs the extra train-reader).")] = "table",
    start: Annotated[Path | None, typer.Option(help="For a reader: the reader's folder to go on from.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="For a reader: how often every row is read.")] = 4,
    name: Annotated[str | None, typer.Option(help="How the model calls itself; its kind without it.")] = None,
    version: Annotated[str, typer.Option(help="Its version.")] = "1",
    folds: Annotated[int, typer.Option(min=2, help="For a table: folds of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    jobs: Annotated[int, typer.Option(help="For a table: processes; -1 takes all cores.")] = -1,
    doubtful: Annotated[
        Path | None, typer.Option(help="Write the ids of rows likely labelled wrong, JSONL (needs the extra train).")
    ] = None,
) -> None:
    """Train a model on labelled rows: measured on unseen rows, calibrated, with a model card."""
    given: dict[str, Any] = {"seed": seed, "doubtful": doubtful}
    if kind == "reader":
        _run("train", data, out, texts or [], name or kind, version, reader={"start": start, "epochs": epochs}, **given)
    elif kind == "table":
        _run("train", data, out, texts or [], name or kind, version, table={"folds": folds, "n_jobs": jobs}, **given)
    else:
        raise typer.BadParameter(f"{kind!r} is neither table nor reader", param_hint="--kind")


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A model folder, or reader, table or auto.")],
    data: Annotated[list[Path], typer.Argument(help="JSONL files of labelled rows.")],
    texts: Annotated[
        list[Path] | None, typer.Option(help="JSONL files with the texts of rows that hold ids only.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a model on labelled rows."""
    _run("evaluate", model, data, texts=texts or [], as_json=json)


@app.command()
def check(
    complaint: Annotated[str, typer.Argument(help="The complaint.")],
    reply: Annotated[str | None, typer.Argument(help="The drafted reply; - or nothing reads standard input.")] = None,
    model: Model = None,
    playbook: Playbook = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask "Am I doing my best?" of a drafted reply: twelve questions, and the one thing to mend first."""
    _run("check", complaint, reply, model=model, playbook=playbook, as_json=json)


@app.command()
def serve() -> None:
    """Start the HTTP service; its settings come from the environment."""
    _run("serve")


playbooks = typer.Typer(help="A business's own lines.", no_args_is_help=True)
app.add_typer(playbooks, name="playbook")


@playbooks.command("check")
def playbook_check(path: Annotated[Path, typer.Argument(help="A playbook file.")]) -> None:
    """Say in one line each what is wrong with a playbook."""
    _run("playbook", "check", path)


@playbooks.command("init")
def playbook_init(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write a commented playbook to start from."""
    _run("playbook", "init", path)


@playbooks.command("show")
def playbook_show(
    path: Annotated[Path | None, typer.Argument(help="A playbook file; none shows ours.")] = None,
) -> None:
    """Print what would be said for every label."""
    _run("playbook", "show", path)


JournalFile = Annotated[
    Path, typer.Option("--journal", envvar="OPPORTUNITY_JOURNAL", help="The journal's file; created on first use.")
]
JOURNAL = Path("opportunity-journal.db")

stories = typer.Typer(help="The week's extra-mile stories: recognise, document, learn.", no_args_is_help=True)
app.add_typer(stories, name="story")


@stories.command("add")
def story_add(
    title: Annotated[str, typer.Argument(help="What it is called.")],
    happened: Annotated[str, typer.Option(help="What happened.")],
    done: Annotated[str, typer.Option(help="What was done.")],
    plus_one: Annotated[str | None, typer.Option(help="The one thing more.")] = None,
    said: Annotated[str | None, typer.Option(help="What the customer said after.")] = None,
    customer: Annotated[str | None, typer.Option(help="Whose story it is, to be able to forget it.")] = None,
    journal: JournalFile = JOURNAL,
) -> None:
    """Document a story."""
    _run("story", "add", journal, title, happened, done, plus_one=plus_one, said=said, customer=customer)


@stories.command("list")
def story_list(
    week: Annotated[str | None, typer.Option(help="Such as 2026-W47; all without it.")] = None,
    journal: JournalFile = JOURNAL,
) -> None:
    """List the stories."""
    _run("story", "list", journal, week)


@stories.command("week")
def story_week(
    week: Annotated[str | None, typer.Argument(help="Such as 2026-W47; this week without it.")] = None,
    journal: JournalFile = JOURNAL,
) -> None:
    """Print the week's digest: candidates, stories, what worked."""
    _run("story", "week", journal, week)


@stories.command("export")
def story_export(
    out: Annotated[Path, typer.Option("--out", "-o", help="A JSONL file of labelled rows for retraining.")],
    journal: JournalFile = JOURNAL,
) -> None:
    """Write what agents corrected as labelled rows."""
    _run("story", "export", journal, out)


journals = typer.Typer(
    help="What happened: suggestions, corrections, replies, outcomes, stories.", no_args_is_help=True
)
app.add_typer(journals, name="journal")


@journals.command("forget")
def journal_forget(
    customer: Annotated[str, typer.Option(help="The person, as the helpdesk names them.")],
    journal: JournalFile = JOURNAL,
) -> None:
    """Remove everything of a person."""
    _run("story", "forget", journal, customer)
