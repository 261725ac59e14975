"""The model card: written from the manifest, never by hand."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from opportunity.model.store import Manifest

__all__ = ["write_card"]


def write_card(folder: Path, manifest: Manifest) -> None:
    """Write ``MODEL_CARD.md`` into a model folder.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
    """
    (folder / "MODEL_CARD.md").write_text("\n".join(_lines(manifest)) + "\n", encoding="utf-8")


def _lines(manifest: Manifest) -> Iterator[str]:
    info, trained = manifest.info, manifest.trained
    yield f"# Model card: {info.name} {info.version}\n"
    yield f"A model of kind *{manifest.kind}*: it reads a customer's message and answers the taxonomy's seven heads."
    yield "This page is written by the training from its figures.\n"
    yield "## For what, and for what not\n"
    yield "For the person who replies: a suggestion of what the opportunity is and how to help, with the words that"
    yield "decided. English only. Not for deciding about a customer without a person, not for judging employees, not a"
    yield "detector of danger or fraud that can be relied on alone.\n"
    yield "## Trained on\n"
    yield from (f"- {key}: {_shown(value)}" for key, value in trained.items())
    for name, figures in manifest.figures.items():
        yield f"\n## Measured: {name.replace('_', ' ')}\n"
        yield from _measured(figures)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return str(value)


def _measured(measured: Mapping[str, Any]) -> Iterator[str]:
    yield "| figure | value |\n|---|---|"
    yield from (f"| {name} | {value:.3f} |" for name, value in measured["figures"].items())
    for name in ("calibration_error", "spoken_coverage", "spoken_accuracy"):
        yield f"| {name} | {measured[name]:.3f} |"
    yield "\n| primary opportunity | rows | precision | recall | F1 |\n|---|---|---|---|---|"
    for row in measured["opportunities"]:
        numbers = " | ".join(f"{row[key]:.2f}" for key in ("precision", "recall", "f1"))
        yield f"| {row['label']} | {row['support']} | {numbers} |"
    yield "\n| surest share that speaks | right | least probability |\n|---|---|---|"
    for row in measured["curve"]:
        yield f"| {row['coverage']:.0%} | {row['accuracy']:.2f} | {row['probability']:.2f} |"
