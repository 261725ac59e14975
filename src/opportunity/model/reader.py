"""The reader: a small sentence encoder, its heads linear on the mean of the last layer, so every token has a vote.

The graph (``reader.onnx``) takes ``input_ids`` and ``attention_mask`` and gives ``votes``, one row per token, whose
sum plus the intercept are the log-odds, and ``logits``, that sum; and ``marks``, one row per token as well, the
log-odds of its being part of each kind of fact. onnxruntime and tokenizers run it.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from opportunity.errors import ModelCorruptError
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS, FACTS
from opportunity.model.votes import Marks, Scores, Votes, VotingModel
from opportunity.records import ModelInfo
from opportunity.text.tokens import fold_text

__all__ = ["Reader", "read_texts", "side_by_side"]

Given = TypeVar("Given")
Answer = TypeVar("Answer")

MOST_TOKENS = 256
"""Tokens that are read of a message; the rest is passed over."""

BATCH_TOKENS = 512
"""Tokens of one run of the graph, padding included; more pad more and leave cores idle."""

_OUTPUTS = [(name, [len(COLUMNS)]) for name in ("logits", "votes", "intercept")] + [("marks", [len(FACTS)])]
"""What the graph gives, and how wide."""


@dataclass(frozen=True, eq=False)
class Reader(VotingModel):
    """An encoder and its tokeniser.

    Attributes
    ----------
    info : ModelInfo
    calibration : Calibration
    graph, tokenizer : bytes
        The ONNX graph and the tokeniser's JSON.
    """

    FILES = ("reader.onnx", "tokenizer.json")
    outside_lock = True

    info: ModelInfo
    calibration: Calibration
    graph: bytes = field(repr=False)
    tokenizer: bytes = field(repr=False)
    _session: Any = field(repr=False)
    _encoder: Any = field(repr=False)

    @classmethod
    def build(cls, graph: bytes, tokenizer: bytes, info: ModelInfo, calibration: Calibration) -> Self:
        """Make the graph and the tokeniser ready to run.

        Parameters
        ----------
        graph, tokenizer : bytes
        info : ModelInfo
        calibration : Calibration

        Returns
        -------
        Reader

        Raises
        ------
        ModelCorruptError
            If one of the two cannot be used.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1  # messages are read side by side, each by one thread
        try:
            session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            encoder = Tokenizer.from_str(tokenizer.decode())
        except Exception as fault:  # both libraries raise bare exceptions of their own
            raise ModelCorruptError("reader.onnx or tokenizer.json cannot be read; install the model again") from fault
        if [given.name for given in session.get_inputs()] != ["input_ids", "attention_mask"]:
            raise ModelCorruptError("reader.onnx must take input_ids and attention_mask; install the model again")
        if [(out.name, out.shape[-1:]) for out in session.get_outputs()] != _OUTPUTS:
            raise ModelCorruptError(
                f"reader.onnx must give logits, votes and intercept of {len(COLUMNS)} columns and marks of"
                f" {len(FACTS)}; install the model again"
            )
        encoder.no_padding()
        encoder.enable_truncation(MOST_TOKENS)
        return cls(info, calibration, graph, tokenizer, session, encoder)

    def score(self, texts: Sequence[str] | Any) -> Scores:
        """Return the log-odds of many prepared messages.

        Parameters
        ----------
        texts : sequence of str, or pyarrow string array

        Returns
        -------
        Scores
        """
        encoded = read_texts(self._encoder, texts)
        logits = np.zeros((len(encoded), len(COLUMNS)), np.float32)

        def read(rows: list[int]) -> None:
            ids = _padded([encoded[row].ids for row in rows])
            mask = _padded([encoded[row].attention_mask for row in rows])
            logits[rows] = self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]

        side_by_side(read, _batches([len(e.ids) for e in encoded]))
        shares = [_known_share(e) for e in encoded]
        return Scores(logits, np.array([np.nan if share is None else share for share in shares], np.float32))

    def votes(self, text: str) -> Votes:
        """Return the votes of one prepared message, one per token.

        Parameters
        ----------
        text : str

        Returns
        -------
        Votes
            The votes of the markers at both ends are part of the intercept.
        """
        folded = fold_text(text)
        encoded = self._encoder.encode(folded.text)
        inputs = {"input_ids": _padded([encoded.ids]), "attention_mask": _padded([encoded.attention_mask])}
        votes, intercept, marks = self._session.run(["votes", "intercept", "marks"], inputs)
        spans = np.array([folded.span(*offsets) for offsets in encoded.offsets], np.int64)
        real = np.array([end > start for start, end in encoded.offsets])
        told = votes[0]
        whole = intercept + told[~real].sum(axis=0)
        marked = Marks(spans[real], marks[0][real] - self._least)
        return Votes(spans[real], told[real], whole.astype(np.float32), _known_share(encoded), marked)

    @cached_property
    def _least(self) -> NDArray[np.float32]:
        """The log-odds from which a mark counts."""
        return np.array([self.calibration.marks.get(fact, 0.0) for fact in FACTS], np.float32)

    def to_files(self) -> dict[str, bytes]:
        """Write the reader as the contents of its files."""
        return {"reader.onnx": self.graph, "tokenizer.json": self.tokenizer}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], info: ModelInfo, calibration: Calibration) -> Self:
        """Read what `to_files` wrote.

        Parameters
        ----------
        files : mapping of str to bytes
        info : ModelInfo
        calibration : Calibration

        Returns
        -------
        Reader

        Raises
        ------
        ModelCorruptError
        """
        return cls.build(files["reader.onnx"], files["tokenizer.json"], info, calibration)


def side_by_side(read: Callable[[Given], Answer], messages: Iterable[Given]) -> list[Answer]:
    """Read on as many threads as there are cores, for what runs outside Python's lock.

    Parameters
    ----------
    read : callable
    messages : iterable
        What `read` takes.

    Returns
    -------
    list
        What it gives, in order.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(read, messages))


def read_texts(encoder: Any, texts: Sequence[str] | Any) -> list[Any]:
    """Fold prepared messages and split them, to train on them as to read them.

    Parameters
    ----------
    encoder : tokenizers.Tokenizer
    texts : sequence of str, or pyarrow string array

    Returns
    -------
    list of tokenizers.Encoding
        Their offsets are those of the folded texts.
    """
    rows = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
    return list(encoder.encode_batch([fold_text(row).text for row in rows]))


def _known_share(encoded: Any) -> float | None:
    """The share of words that the tokeniser knows as one piece."""
    words = [word for word in encoded.word_ids if word is not None]
    if not words:
        return None
    pieces = np.bincount(words)
    return float((pieces[pieces > 0] == 1).mean())


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of like length together, as many as `BATCH_TOKENS` hold."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[row] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    out = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for padded, row in zip(out, rows, strict=True):
        padded[: len(row)] = row
    return out
