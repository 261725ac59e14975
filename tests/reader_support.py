"""A reader so small that a test can build it."""

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from opportunity.learning.encoder_graph import Shape, write_graph
from opportunity.model.calibration import Calibration
from opportunity.model.columns import COLUMNS, FACTS
from opportunity.model.reader import MOST_TOKENS, Reader
from opportunity.records import ModelInfo

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "my", "parcel", "is", "late", "again", "refund", "##s", "please"]
INFO = ModelInfo("reader", "test")


def small_weights() -> dict[str, np.ndarray]:
    """A random encoder of one layer, named as BERT names its weights."""
    rng, width, inner = np.random.default_rng(0), 128, 256

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.2, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": some(len(WORDS), width),
        "embeddings.position_embeddings.weight": some(MOST_TOKENS, width),
        "head.weight": some(len(COLUMNS), width),
        "head.bias": some(len(COLUMNS)),
        "marks.weight": some(len(FACTS), width),
        "marks.bias": some(len(FACTS)),
    }
    sizes = {"attention.self.query": (width, width), "attention.self.key": (width, width)}
    sizes |= {"attention.self.value": (width, width), "attention.output.dense": (width, width)}
    sizes |= {"intermediate.dense": (inner, width), "output.dense": (width, inner)}
    for name, (out, into) in sizes.items():
        weights[f"encoder.layer.0.{name}.weight"] = some(out, into)
        weights[f"encoder.layer.0.{name}.bias"] = some(out)
    norms = ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output")
    for name in norms:
        weights[f"{name}.LayerNorm.weight"] = 1 + some(width)
        weights[f"{name}.LayerNorm.bias"] = some(width)
    return weights


def small_tokenizer() -> bytes:
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer.to_str().encode()


SHAPE = Shape(1, 4, MOST_TOKENS)
GRAPH = write_graph(small_weights(), SHAPE)
READER = Reader.build(GRAPH, small_tokenizer(), INFO, Calibration.plain())
