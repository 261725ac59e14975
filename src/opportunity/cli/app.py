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
) -> None:
    """Suggest how to answer one complaint, as a card."""
    _run("suggest", text, model=model, playbook=playbook, as_json=json)


@app.command()
def score(
    source: Annotated[Path, typer.Argument(help="A CSV, JSONL or Parquet file of messages.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write: .csv, .jsonl or .parquet.")],
    text_field: Annotated[str, typer.Option(help="The field that holds the text.")] = "text",
    id_field: Annotated[str, typer.Option(help="The field that holds the id.")] = "id",
    advice: Annotated[bool, typer.Option("--advice", help="Also answers and evidence in CSV and Parquet.")] = False,
    cards: Annotated[int, typer.Option(help="Print the suggestions of so many rows as cards.")] = 0,
    model: Model = None,
    playbook: Playbook = None,
) -> None:
    """Score a file of complaints."""
    options = {"text_field": text_field, "id_field": id_field, "advice": advice, "cards": cards}
    _run("score", source, out, model=model, playbook=playbook, **options)


@app.command()
def train(
    data: Annotated[list[Path], typer.Argument(help="JSONL files of labelled rows.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model folder to write.")],
    texts: Annotated[
        list[Path] | None, typer.Option(help="JSONL files with the texts of rows that hold ids only.")
    ] = None,
    name: Annotated[str, typer.Option(help="How the model calls itself.")] = "table",
    version: Annotated[str, typer.Option(help="Its version.")] = "1",
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes; -1 takes all cores.")] = -1,
) -> None:
    """Train a table on labelled rows: cross-validation, calibration, folding, model card."""
    _run("train", data, out, texts=texts or [], name=name, version=version, folds=folds, seed=seed, jobs=jobs)


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
