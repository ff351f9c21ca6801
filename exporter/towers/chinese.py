"""The Chinese tower: its sizes, its first weights, and its graph.

The first weights make the untrained encoder a bag of words in MiniLM's space: a token's row holds
the principal components of its meaning's vector, the layers start almost silent, and the
projection undoes the principal components. Training then has word order and words in context left.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from exporter.towers.chinese_vocabulary import Vocabulary
from exporter.towers.text_encoder import EncoderShape, TextEncoder
from exporter.towers.text_graph import text_graph

MAX_TOKENS = 64
_TABLE_WIDTH = 128
_WIDTH = 256
_QUIET = 0.2  # share of their usual size that the layers' outputs start with


def chinese_shape(vocabulary: Vocabulary) -> EncoderShape:
    """Give the tower's sizes for a vocabulary."""
    return EncoderShape(
        vocabulary=vocabulary.table_rows,
        table_width=_TABLE_WIDTH,
        width=_WIDTH,
        layers=2,
        heads=8,
        inner=768,
        positions=MAX_TOKENS,
        dimension=384,
        epsilon=1e-6,
    )


def first_encoder(
    vocabulary: Vocabulary, meanings: Mapping[str, NDArray[np.float32]], *, seed: int
) -> TextEncoder:
    """Build the untrained tower; ``meanings`` gives the unit vector of every token that has one."""
    torch.manual_seed(seed)
    encoder = TextEncoder(chinese_shape(vocabulary))
    rows = [row for row in range(vocabulary.table_rows) if vocabulary.tokens[row] in meanings]
    vectors = np.stack([meanings[vocabulary.tokens[row]] for row in rows])
    middle = vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(vectors - middle, full_matrices=False)
    components = axes[:_TABLE_WIDTH]
    coordinates = (vectors - middle) @ components.T
    with torch.no_grad():
        encoder.tokens.weight.normal_(std=float(coordinates.std()) * 0.3)
        encoder.tokens.weight[rows] = torch.from_numpy(coordinates.astype(np.float32))
        encoder.positions.weight.normal_(std=0.01)
        _echo(encoder, components, middle)
        for name, value in encoder.named_parameters():
            if name.endswith(("merge.weight", "down.weight")):
                value.mul_(_QUIET)
            elif name.endswith(("merge.bias", "down.bias")):
                value.zero_()
    return encoder


def _echo(
    encoder: TextEncoder, components: NDArray[np.float32], middle: NDArray[np.float32]
) -> None:
    """Let the lift copy the components and the projection turn them back into a vector."""
    lift, project = encoder.lift, encoder.project
    if lift is None or project is None:
        message = "the Chinese tower needs a table narrower than its layers, and a projection"
        raise ValueError(message)
    lift.weight[:_TABLE_WIDTH] = torch.eye(_TABLE_WIDTH)
    lift.bias.zero_()
    # The norm after the lift enlarges a state to unit variance; the projection takes that back.
    scale = float(np.sqrt(components.shape[0] / _WIDTH)) / float(np.sqrt(_WIDTH))
    project.weight.mul_(0.1)
    project.weight[:, :_TABLE_WIDTH] = torch.from_numpy(components.T.astype(np.float32)) * scale
    project.bias.copy_(torch.from_numpy(middle))


def chinese_graph(encoder: TextEncoder, vocabulary: Vocabulary) -> onnx.ModelProto:
    """Write the trained tower as a graph that takes the tokenizer's ids."""
    weights = {name: value.detach().numpy() for name, value in encoder.state_dict().items()}
    rows = np.array(vocabulary.rows, np.int32)
    return text_graph(encoder.shape, weights, rows=rows)
