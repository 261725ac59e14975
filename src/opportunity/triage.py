"""`Triage`: text, model and advice in one object. Every surface calls it."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opportunity.advice.evidence import find_evidence
from opportunity.advice.plan import advise
from opportunity.advice.playbook import Playbook, load_playbook
from opportunity.errors import DataError
from opportunity.model.auto import Auto
from opportunity.model.calibration import labels_at
from opportunity.model.columns import SLICES
from opportunity.model.reader import side_by_side
from opportunity.model.store import load_model, model_folder, shipped
from opportunity.model.votes import Marks, Model, Reading
from opportunity.records import Abstained, Complaint, Facts, Labels, ModelInfo, Ranked, Suggestion
from opportunity.taxonomy import TAXONOMY
from opportunity.text.guard import MAX_CHARACTERS
from opportunity.text.language import CLEARLY_ENGLISH, supported
from opportunity.text.prepare import Prepared, prepare, prepare_batch

__all__ = ["Triage", "load"]

Given = str | bytes | Complaint

SHIPPED = ("reader", "table")
"""Models that come with the library, the default first."""

PART_ROWS = 10_000
"""Fewest rows of a batch that a thread of its own is worth."""


_KEPT = 31 << 20
"""Bytes of the largest array that is kept; the library's own limit is 32 MiB."""


@dataclass(frozen=True)
class Triage:
    """Answers the two questions for complaints.

    Attributes
    ----------
    model : Model
        What reads.
    playbook : Playbook
        What is said.
    facts : bool
        Whether facts are looked for; they are the slowest part of a suggestion.

    Examples
    --------
    >>> import opportunity
    >>> triage = opportunity.load("table")
    >>> suggestion = triage("You charged me twice for the same ticket. I want the £40 back.")
    >>> suggestion.chosen.opportunity[0]
    'make_whole'
    """

    model: Model
    playbook: Playbook = field(default_factory=load_playbook)
    facts: bool = True

    @property
    def model_info(self) -> ModelInfo:
        """Which model answers."""
        return self.model.info

    def __call__(self, complaint: Given) -> Suggestion:
        """Suggest for one complaint.

        Parameters
        ----------
        complaint : str, bytes or Complaint
            Of any size and content; what no advice can rest on is abstained from, with the reason.

        Returns
        -------
        Suggestion
        """
        prepared = _prepare(complaint)
        return self._advise(complaint, prepared, self.model.read(prepared.text))

    def pipe(self, complaints: Iterable[Given], *, batch_size: int = 32) -> Iterator[Suggestion]:
        """Suggest for a stream of complaints, in order.

        Parameters
        ----------
        complaints : iterable of str, bytes or Complaint
        batch_size : int
            How many are taken from the stream, and read, at a time; 1 for a stream that waits for each answer. The
            suggestions are those of one call each, whatever it is.

        Yields
        ------
        Suggestion

        Raises
        ------
        ValueError
            If `batch_size` is less than 1.

        Examples
        --------
        >>> import opportunity
        >>> triage = opportunity.load("table")
        >>> [s.chosen.kind for s in triage.pipe(["You charged me twice!", "Do you open on Sunday?"], batch_size=2)]
        ['complaint', 'request']
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; take at least 1")
        waiting = iter(complaints)
        while batch := list(islice(waiting, batch_size)):
            prepared = [_prepare(complaint) for complaint in batch]
            read_each = side_by_side if self.model.outside_lock else map
            readings = read_each(self.model.read, [p.text for p in prepared])
            yield from map(self._advise, batch, prepared, readings)

    def _advise(self, complaint: Given, prepared: Prepared, reading: Reading) -> Suggestion:
        """What to say of a complaint that was read."""
        probability, votes = reading
        rows = probability[None, :]
        chosen = labels_at(self.model.calibration.choose(rows), 0)
        abstained = _unreadable(prepared.text, votes.known_share) or self.model.calibration.abstentions(rows)[0]
        if abstained in ("empty", "unsupported_language"):
            chosen = Labels()
        words = prepared.source[:MAX_CHARACTERS]
        facts = _facts(words, chosen, _in_source(prepared, votes.marks)) if self.facts else Facts()
        answers, plan, levels = advise(words, chosen, facts, abstained, self.playbook)
        return Suggestion(
            id=complaint.id if isinstance(complaint, Complaint) else None,
            **{head: _ranked(head, probability[columns]) for head, columns in SLICES.items()},
            chosen=chosen,
            abstained=abstained,
            evidence=find_evidence(prepared, votes, chosen),
            facts=facts,
            answers=answers,
            plan=plan,
            levels=levels,
            model=self.model.info,
            notes=prepared.notes,
        )

    def score_batch(self, batch: Any, *, text_field: str = "text", id_field: str = "id") -> Any:
        """Read a batch of messages in columns, at speed: labels and probabilities, no words.

        A batch of many thousand rows is read by as many threads as there are processors.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            With a string column of texts and, if there is one, a column of ids.
        text_field, id_field : str
            The names of those columns.

        Returns
        -------
        pyarrow.RecordBatch
            ``id``, the chosen labels (a string per single head, a list of strings per other head), ``abstained``,
            ``opportunity_probability``, and ``probabilities``, all columns of
            `opportunity.model.columns.COLUMNS` in order.

        Raises
        ------
        DataError
            If there is no column of texts, or it holds something else.
        """
        import pyarrow as pa

        if text_field not in batch.schema.names:
            names = ", ".join(batch.schema.names)
            raise DataError(f'the batch has no column "{text_field}"; it has {names}. Did you mean another text_field?')
        _keep_memory()
        texts = _as_texts(batch.column(text_field), text_field)
        bounds = np.linspace(0, len(texts), _parts(len(texts)) + 1).astype(int).tolist()
        parts = [texts.slice(start, end - start) for start, end in pairwise(bounds)]
        if len(parts) == 1:
            scored = self._score(texts)
        else:
            table = pa.Table.from_batches(_threads().map(self._score, parts))
            scored = table.combine_chunks().to_batches()[0]
        ids = {} if id_field not in batch.schema.names else {"id": batch.column(id_field)}
        return pa.RecordBatch.from_pydict(ids | dict(zip(scored.schema.names, scored.columns, strict=True)))

    def _score(self, texts: Any) -> Any:
        """Labels and probabilities of a column of texts."""
        import pyarrow as pa

        texts = prepare_batch(texts)
        probability, known = self.model.read_many(texts)
        places = self.model.calibration.choose(probability)
        abstained = self.model.calibration.abstentions(probability)
        for row in _doubtful(known):
            reason = _unreadable(texts[row].as_py(), None if np.isnan(known[row]) else float(known[row]))
            abstained[row] = reason or abstained[row]
            if reason:
                for at in places.values():
                    at[row] = -1
        columns = {head: _label_column(head, at) for head, at in places.items()}
        columns["abstained"] = pa.array(abstained, pa.string())
        columns["opportunity_probability"] = pa.array(probability[:, SLICES["opportunity"]].max(axis=1, initial=0))
        flat = pa.array(probability.ravel())
        columns["probabilities"] = pa.FixedSizeListArray.from_arrays(flat, probability.shape[1])
        return pa.RecordBatch.from_pydict(columns)


def load(
    path: str | Path | None = None, *, playbook: str | Path | Playbook | None = None, facts: bool = True
) -> Triage:
    """Load a model and a playbook.

    Parameters
    ----------
    path : str or Path or None
        A model folder, or a shipped model: ``"reader"`` reads best, ``"table"`` is the fast one for backlogs,
        ``"auto"`` asks the reader only where the table is unsure. None takes the best that is shipped.
    playbook : str, Path, Playbook or None
        A business's own lines, laid over the default ones.
    facts : bool
        Whether facts are looked for in each complaint.

    Returns
    -------
    Triage

    Raises
    ------
    ModelError
        If the model folder cannot be used.
    PlaybookError
        If the playbook cannot be used.
    """
    if path is None:
        path = next((name for name in SHIPPED if shipped(name).is_dir()), SHIPPED[-1])
    found = load_model(model_folder(path))
    model: Model = Auto.of(found) if path == "auto" else found
    own = playbook if isinstance(playbook, Playbook) else load_playbook(None if playbook is None else Path(playbook))
    return Triage(model, own, facts)


def _parts(n_rows: int) -> int:
    """In how many parts to read a batch: as many for each processor."""
    parts, processors = max(1, n_rows // PART_ROWS), os.cpu_count() or 1
    return parts if parts < processors else parts - parts % processors


@cache
def _keep_memory() -> None:
    """Have what is freed kept for the next batch: a fifth of the time on one thread.

    The GNU C library keeps arrays no larger than the largest that was freed before; larger ones it gives back to the
    system at once and gets again page by page, for every array of every batch.
    """
    np.empty(_KEPT, np.uint8)


@cache
def _threads() -> ThreadPoolExecutor:
    """The threads of `Triage.score_batch`, kept: new ones would get new memory, page by page, for every batch.

    Apart from those of `side_by_side`: a reader asks for these on one of ours, and would wait for itself.
    """
    return ThreadPoolExecutor(os.cpu_count())


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not come along


def _prepare(complaint: Given) -> Prepared:
    return prepare(complaint.text if isinstance(complaint, Complaint) else complaint)


def _as_texts(column: Any, name: str) -> Any:
    """A column as Arrow strings."""
    import pyarrow as pa

    try:
        return column.cast(pa.large_string())
    except pa.ArrowException as fault:
        raise DataError(f'the column "{name}" is of {column.type} and cannot be read as text; give strings') from fault


def _in_source(prepared: Prepared, marks: Marks | None) -> Marks | None:
    """Marks where their words stand in the text as it was given."""
    if marks is None:
        return None
    spans = np.array([prepared.span(*span) for span in marks.spans.tolist()], np.int64).reshape(-1, 2)
    return replace(marks, spans=spans)


def _facts(text: str, chosen: Labels, marks: Marks | None) -> Facts:
    """Facts of the text; a date counts as a deadline only where the model reads one too."""
    from opportunity.advice.facts import find_facts  # imports spaCy, the slowest import of all

    facts = find_facts(text, marks)
    return facts if "deadline" in chosen.flags else replace(facts, deadline=None)


def _ranked(head: str, probability: NDArray[np.float32]) -> tuple[Ranked, ...]:
    names = TAXONOMY[head].names
    shown = probability[: len(names)]
    values = shown.tolist()
    return tuple(Ranked(names[i], round(values[i], 6)) for i in np.argsort(-shown, kind="stable").tolist())


def _unreadable(text: str, known_share: float | None) -> Abstained | None:
    """Why a prepared text cannot be read at all, or None."""
    if not text.strip():
        return "empty"
    return None if supported(text, known_share) else "unsupported_language"


def _doubtful(known_share: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rows that may be unreadable; the others are English by their words."""
    return np.flatnonzero(~(known_share >= CLEARLY_ENGLISH))


def _label_column(head: str, places: NDArray[np.int8]) -> Any:
    """Places of labels as an Arrow column."""
    import pyarrow as pa

    names = pa.array(TAXONOMY[head].names)
    kept = places >= 0
    labels = names.take(pa.array(places[kept].astype(np.int32)))
    offsets = pa.array(np.concatenate(([0], np.cumsum(kept.sum(axis=1)))).astype(np.int32))
    if TAXONOMY[head].form == "single":
        return names.take(pa.array(places[:, 0].astype(np.int32), mask=~kept[:, 0]))
    return pa.ListArray.from_arrays(offsets, labels)
