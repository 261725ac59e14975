"""An encoder's weights as an ONNX graph that multiplies whole numbers, and back.

The graph is written node by node, so every weight keeps its name and can be read back for fine-tuning. A matrix is
stored as small whole numbers with a scale per column. What is multiplied with it is made eight-bit numbers token by
token, each token by its own greatest number, so an answer does not depend on the other messages of its batch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST", "Shape", "read_weights", "write_graph"]

MOST = 64
"""The greatest whole number of a matrix: some processors add two products in 16 bits, and 2 * 255 * 64 fits."""

TOKEN_MOST, TOKEN_ZERO = 127, 128
"""The greatest whole number of a token, and what stands for its 0."""

OPSET = 17
IR_VERSION = 9
MICROSOFT = "com.microsoft"

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of an encoder.

    Attributes
    ----------
    layers, heads, positions : int
        Layers, attention heads, and tokens at most.
    """

    layers: int
    heads: int
    positions: int


@dataclass
class _Graph:
    """Nodes and initialisers in the making."""

    nodes: list[Any] = field(default_factory=list)
    initialisers: list[Any] = field(default_factory=list)

    def add(self, kind: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def hold(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def whole(self, x: str) -> tuple[str, str]:
        """Each token of ``x`` as whole numbers, and its greatest number, by which they are to be multiplied."""
        size = self.add("ReduceMax", [self.add("Abs", [x], f"{x}.abs")], f"{x}.most", axes=[-1], keepdims=1)
        size = self.add("Max", [size, "least"], f"{x}.size")
        numbers = [self.add("Div", [x, size], f"{x}.shares"), "token.s", "token.zero"]
        return self.add("QuantizeLinear", numbers, f"{x}.q"), size

    def linear(self, x: tuple[str, str], name: str, weights: Mapping[str, Array]) -> str:
        """``x @ weight.T + bias``, of what `whole` gave, with a weight of whole numbers."""
        numbers, size = x
        columns, scales = _to_columns(weights[f"{name}.weight"])
        held = [self.hold(f"{name}.weight.q", columns), "token.s", self.hold(f"{name}.weight.s", scales), "token.zero"]
        product = self.add("MatMulIntegerToFloat", [numbers, *held], f"{name}.product", domain=MICROSOFT)
        product = self.add("Mul", [product, size], f"{name}.sized")
        return self.add("Add", [product, self.hold(f"{name}.bias", weights[f"{name}.bias"])], f"{name}.out")

    def normalise(self, x: str, name: str, weights: Mapping[str, Array]) -> str:
        inputs = [x, *(self.hold(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))]
        return self.add("LayerNormalization", inputs, f"{name}.out", axis=-1, epsilon=1e-12)


def write_graph(weights: Mapping[str, Array], shape: Shape) -> bytes:
    """Write an encoder and its heads as a graph.

    Parameters
    ----------
    weights : mapping of str to ndarray
        As a BERT model names them, without a prefix, the one segment added to the places, and ``head.weight``,
        ``head.bias``, ``marks.weight``, ``marks.bias``.
    shape : Shape

    Returns
    -------
    bytes
        Takes ``input_ids`` and ``attention_mask``; gives ``logits``, ``votes``, ``intercept`` and ``marks``.
    """
    from onnx import TensorProto, helper

    graph = _Graph()
    graph.hold("token.s", np.array(1 / TOKEN_MOST, np.float32))
    graph.hold("token.zero", np.array(TOKEN_ZERO, np.uint8))
    graph.hold("least", np.array(1e-8, np.float32))
    hidden = _embed(graph, weights, shape)
    second = graph.hold("axis.1", np.array([1], np.int64))
    graph.add("ReduceSum", ["attention_mask", second], "n_tokens", keepdims=0)
    graph.add("Cast", ["n_tokens"], "lengths", to=TensorProto.INT32)
    for layer in range(shape.layers):
        hidden = _layer(graph, hidden, f"encoder.layer.{layer}", weights, shape.heads)
    _vote(graph, hidden, weights)
    _mark(graph, hidden, weights)
    columns, marks = len(weights["head.bias"]), len(weights["marks.bias"])
    tokens = ["messages", "tokens"]
    made = helper.make_graph(
        graph.nodes,
        "reader",
        [helper.make_tensor_value_info(name, TensorProto.INT64, tokens) for name in ("input_ids", "attention_mask")],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["messages", columns]),
            helper.make_tensor_value_info("votes", TensorProto.FLOAT, [*tokens, columns]),
            helper.make_tensor_value_info("intercept", TensorProto.FLOAT, [columns]),
            helper.make_tensor_value_info("marks", TensorProto.FLOAT, [*tokens, marks]),
        ],
        graph.initialisers,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="opportunity")
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _embed(graph: _Graph, weights: Mapping[str, Array], shape: Shape) -> str:
    """Words (eight bits, a scale each) plus places, normalised."""
    from onnx import TensorProto

    table = weights["embeddings.word_embeddings.weight"]
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / 127
    words = graph.hold("embeddings.word_embeddings.weight.q", np.round(table / scales).astype(np.int8))
    graph.add("Gather", [words, "input_ids"], "words.q")
    graph.add("Cast", ["words.q"], "words.f", to=TensorProto.FLOAT)
    held = graph.hold("embeddings.word_embeddings.weight.s", scales.astype(np.float32))
    graph.add("Mul", ["words.f", graph.add("Gather", [held, "input_ids"], "words.s")], "words")
    name = "embeddings.position_embeddings.weight"
    places = graph.hold(name, weights[name][: shape.positions])
    graph.add("Shape", ["input_ids"], "n_tokens.shape", start=1, end=2)
    ends = [graph.hold("nought", np.array([0], np.int64)), "n_tokens.shape"]
    graph.add("Add", ["words", graph.add("Slice", [places, *ends], "places")], "embedded")
    return graph.normalise("embedded", "embeddings.LayerNorm", weights)


def _layer(graph: _Graph, x: str, name: str, weights: Mapping[str, Array], heads: int) -> str:
    given = graph.whole(x)
    parts = [graph.linear(given, f"{name}.attention.self.{part}", weights) for part in ("query", "key", "value")]
    inputs = [*parts, "", "lengths"]
    seen = graph.add("MultiHeadAttention", inputs, f"{name}.seen", domain=MICROSOFT, num_heads=heads)
    told = graph.linear(graph.whole(seen), f"{name}.attention.output.dense", weights)
    x = graph.add("Add", [told, x], f"{name}.attention.sum")
    x = graph.normalise(x, f"{name}.attention.output.LayerNorm", weights)
    wide = graph.linear(graph.whole(x), f"{name}.intermediate.dense", weights)
    wide = graph.add("Gelu", [wide], f"{name}.gelu", domain=MICROSOFT)
    narrow = graph.linear(graph.whole(wide), f"{name}.output.dense", weights)
    x = graph.add("Add", [narrow, x], f"{name}.sum")
    return graph.normalise(x, f"{name}.output.LayerNorm", weights)


def _vote(graph: _Graph, hidden: str, weights: Mapping[str, Array]) -> None:
    """Each token's share of the mean, times the heads."""
    from onnx import TensorProto

    graph.add("Cast", ["attention_mask"], "mask.f", to=TensorProto.FLOAT)
    axis = graph.hold("axis.last", np.array([-1], np.int64))
    graph.add("Unsqueeze", ["mask.f", axis], "mask.wide")
    graph.add("ReduceSum", ["mask.wide", "axis.1"], "mask.sum", keepdims=1)
    graph.add("Div", ["mask.wide", "mask.sum"], "share")
    graph.add("MatMul", [hidden, graph.hold("head.weight", weights["head.weight"].T)], "votes.full")
    graph.add("Mul", ["votes.full", "share"], "votes")
    graph.add("ReduceSum", ["votes", "axis.1"], "votes.sum", keepdims=0)
    graph.add("Identity", [graph.hold("head.bias", weights["head.bias"])], "intercept")
    graph.add("Add", ["votes.sum", "head.bias"], "logits")


def _mark(graph: _Graph, hidden: str, weights: Mapping[str, Array]) -> None:
    """Each token's log-odds of being part of each kind of fact."""
    graph.add("MatMul", [hidden, graph.hold("marks.weight", weights["marks.weight"].T)], "marks.plain")
    graph.add("Add", ["marks.plain", graph.hold("marks.bias", weights["marks.bias"])], "marks")


def _to_columns(weight: Array) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The matrix that tokens are multiplied with, a scale for each of its columns."""
    scales = np.maximum(np.abs(weight).max(axis=1), 1e-8) / MOST
    return np.round(weight / scales[:, None]).T.astype(np.int8), scales.astype(np.float32)


def read_weights(graph: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the weights back from a graph, as near as whole numbers keep them.

    Parameters
    ----------
    graph : bytes
        As `write_graph` wrote it.

    Returns
    -------
    dict of str to ndarray of float32
        Named as `write_graph` takes them; the segment is part of the places.
    """
    import onnx
    from onnx import numpy_helper

    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(graph).graph.initializer}
    return dict(_restored(held))


def _restored(held: Mapping[str, Array]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name, value in held.items():
        if name.endswith(".q"):
            yield name[:-2], _whole_numbers_back(value, held[f"{name[:-2]}.s"])
        elif name in ("head.weight", "marks.weight"):
            yield name, value.T
        elif name.endswith((".weight", ".bias")):
            yield name, value


def _whole_numbers_back(numbers: Array, scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """A matrix or a table of words; the first readers had rows in blocks around 128, each block with its scale."""
    if numbers.ndim == 3:
        blocks = (numbers.astype(np.float32) - 128) * scales.reshape(numbers.shape[:2])[:, :, None]
        return blocks.reshape(len(numbers), -1)
    weight = numbers.astype(np.float32) * scales
    return weight.T if scales.ndim == 1 else weight
