"""A BERT encoder with linear heads on its mean, in torch, for training only."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from opportunity.learning.encoder_graph import Shape

__all__ = ["Encoder"]

EPSILON = 1e-12


class Encoder(nn.Module):
    """An encoder that is read by the mean over its last layer.

    Parameters
    ----------
    weights : mapping of str to ndarray
        As `opportunity.learning.encoder_graph.write_graph` takes them; heads may be missing.
    shape : Shape
    columns : int
        Of the heads.
    marks : int
        Kinds of words that are marked.
    dropout : float
    """

    def __init__(self, weights: Mapping[str, Any], shape: Shape, columns: int, marks: int, dropout: float) -> None:
        super().__init__()
        words, width = weights["embeddings.word_embeddings.weight"].shape
        self.words = nn.Embedding(words, width)
        self.places = nn.Embedding(shape.positions, width)
        self.norm = nn.LayerNorm(width, EPSILON)
        inner = weights["encoder.layer.0.intermediate.dense.weight"].shape[0]
        self.layers = nn.ModuleList(_Layer(width, inner, shape.heads, dropout) for _ in range(shape.layers))
        self.head = nn.Linear(width, columns)
        self.marks = nn.Linear(width, marks)
        self.dropout = _Dropout(dropout)
        for linear in (self.head, self.marks):
            nn.init.normal_(linear.weight, std=0.02)
            nn.init.zeros_(linear.bias)
        own = self.state_dict()
        given = {
            ours: torch.from_numpy(np.array(weights[theirs])) for ours, theirs in self._names() if theirs in weights
        }
        self.load_state_dict(own | given)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the log-odds of a batch, and of its tokens being marked.

        Parameters
        ----------
        tokens, mask : Tensor of int64, shape (n_messages, n_tokens)

        Returns
        -------
        logits : Tensor of float32, shape (n_messages, n_columns)
        marks : Tensor of float32, shape (n_messages, n_tokens, n_marks)
        """
        places = self.places(torch.arange(tokens.shape[1]))
        x = self.dropout(self.norm(self.words(tokens) + places))
        hidden = torch.zeros(mask.shape).masked_fill(mask == 0, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, hidden)
        share = (mask / mask.sum(dim=1, keepdim=True))[:, :, None]
        with torch.autocast("cpu", enabled=False):
            logits = self.head((x.float() * share).sum(dim=1))
            return logits, self.marks(x.float())

    def to_weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights under the names that the graph is written from."""
        own = self.state_dict()
        return {theirs: own[ours].float().numpy() for ours, theirs in self._names()}

    def _names(self) -> list[tuple[str, str]]:
        """Our name and BERT's name of every weight."""
        pairs = [("words.weight", "embeddings.word_embeddings.weight")]
        pairs += [("places.weight", "embeddings.position_embeddings.weight")]
        pairs += [(f"norm.{part}", f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
        for i in range(len(self.layers)):
            for ours, theirs in _LAYER_NAMES.items():
                for part in ("weight", "bias"):
                    pairs.append((f"layers.{i}.{ours}.{part}", f"encoder.layer.{i}.{theirs}.{part}"))
        return pairs + [(name, name) for head in ("head", "marks") for name in (f"{head}.weight", f"{head}.bias")]


_LAYER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "told": "attention.output.dense",
    "told_norm": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "narrow_norm": "output.LayerNorm",
}


class _Dropout(nn.Module):
    """Dropout from random bytes: torch's own draw takes a third of a training step on a CPU."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.out_of_256 = round(rate * 256)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not self.out_of_256:
            return x
        seed = int(torch.randint(2**62, ()))
        drawn = np.frombuffer(np.random.Generator(np.random.SFC64(seed)).bytes(x.numel()), np.uint8)
        kept = torch.from_numpy((drawn >= self.out_of_256).reshape(x.shape))
        return x * kept * (256 / (256 - self.out_of_256))


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.told = (nn.Linear(width, width) for _ in range(4))
        self.wide, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.told_norm, self.narrow_norm = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.dropout = _Dropout(dropout)
        self.heads = heads

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        parts = (self.query, self.key, self.value)
        query, key, value = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        asked = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
        read = (asked + hidden).softmax(dim=-1).to(value.dtype) @ value
        x = self.told_norm(x + self.dropout(self.told(read.transpose(1, 2).flatten(2))))
        out: torch.Tensor = self.narrow_norm(x + self.dropout(self.narrow(functional.gelu(self.wide(x)))))
        return out
