"""An encoder's weights as an ONNX graph with eight-bit matrices, and back.

The graph is written node by node, so every weight keeps its name and can be read back for fine-tuning. Matrices are
stored in blocks of 8-bit numbers with a scale each (ONNX Runtime's ``MatMulNBits``), which quantises activations row
by row: an answer does not depend on the other messages of its batch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK", "Shape", "read_weights", "write_graph"]

BLOCK = 128
"""Numbers that share a scale."""

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

    def linear(self, x: str, name: str, weights: Mapping[str, Array]) -> str:
        """``x @ weight.T + bias`` with an eight-bit weight."""
        weight = weights[f"{name}.weight"]
        blocks, scales = _to_blocks(weight)
        inputs = [x, self.hold(f"{name}.weight.q", blocks), self.hold(f"{name}.weight.s", scales)]
        form = {"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
        product = self.add("MatMulNBits", inputs, f"{name}.product", domain=MICROSOFT, **form)
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
    parts = [graph.linear(x, f"{name}.attention.self.{part}", weights) for part in ("query", "key", "value")]
    inputs = [*parts, "", "lengths"]
    seen = graph.add("MultiHeadAttention", inputs, f"{name}.seen", domain=MICROSOFT, num_heads=heads)
    told = graph.linear(seen, f"{name}.attention.output.dense", weights)
    x = graph.add("Add", [told, x], f"{name}.attention.sum")
    x = graph.normalise(x, f"{name}.attention.output.LayerNorm", weights)
    wide = graph.linear(x, f"{name}.intermediate.dense", weights)
    wide = graph.add("Gelu", [wide], f"{name}.gelu", domain=MICROSOFT)
    x = graph.add("Add", [graph.linear(wide, f"{name}.output.dense", weights), x], f"{name}.sum")
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


def _to_blocks(weight: Array) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Rows in blocks of `BLOCK` numbers, each block with its scale, around 128."""
    blocks = weight.reshape(len(weight), -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2), 1e-8) / 127
    numbers = np.round(blocks / scales[:, :, None]) + 128
    return numbers.astype(np.uint8), scales.astype(np.float32).ravel()


def read_weights(graph: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the weights back from a graph, as near as eight bits keep them.

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
            scales = held[f"{name[:-2]}.s"]
            if value.dtype == np.int8:
                yield name[:-2], value.astype(np.float32) * scales
            else:
                wide = (value.astype(np.float32) - 128) * scales.reshape(value.shape[:2])[:, :, None]
                yield name[:-2], wide.reshape(len(value), -1)
        elif name in ("head.weight", "marks.weight"):
            yield name, value.T
        elif name.endswith((".weight", ".bias")):
            yield name, value
