"""The transformer text encoder that every text tower is: BERT's layers, mean pooling, unit norm.

MiniLM fills it with published weights; the Chinese tower fills it by training. Two options beyond
BERT: a token table narrower than the layers (``table_width``, lifted by one matrix, as in ALBERT)
and a projection after pooling (``project``).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderShape:
    """Sizes of a text encoder. ``dimension`` is that of the vectors it gives."""

    vocabulary: int
    table_width: int
    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    dimension: int
    epsilon: float = 1e-12

    @property
    def lifted(self) -> bool:
        """Whether a matrix takes the token table's width to the layers' width."""
        return self.table_width != self.width

    @property
    def projected(self) -> bool:
        """Whether a matrix takes the pooled state to the vectors' dimension."""
        return self.dimension != self.width


class EncoderLayer(nn.Module):
    """One post-norm transformer layer: attention, then a two-layer perceptron with GELU."""

    def __init__(self, shape: EncoderShape, *, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.dropout = dropout
        self.mix = nn.Linear(shape.width, 3 * shape.width)
        self.merge = nn.Linear(shape.width, shape.width)
        self.merge_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.down_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def forward(self, states: Tensor, penalty: Tensor) -> Tensor:
        """Map (n, t, width) to the same shape; ``penalty`` (n, 1, 1, t) is added to the scores."""
        rows, length, width = states.shape
        mixed = self.mix(states).view(rows, length, 3, self.heads, width // self.heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=penalty)
        attended = self.merge(attended.transpose(1, 2).reshape(rows, length, width))
        attended = functional.dropout(attended, self.dropout, training=self.training)
        states = self.merge_norm(states + attended)
        inner = self.down(functional.gelu(self.up(states)))
        inner = functional.dropout(inner, self.dropout, training=self.training)
        normed: Tensor = self.down_norm(states + inner)
        return normed


class TextEncoder(nn.Module):
    """Token ids and mask, both int64 (n, t), to unit vectors float32 (n, dimension)."""

    def __init__(self, shape: EncoderShape, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = nn.Embedding(shape.vocabulary, shape.table_width)
        self.lift = nn.Linear(shape.table_width, shape.width) if shape.lifted else None
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.layers = nn.ModuleList(
            EncoderLayer(shape, dropout=dropout) for _ in range(shape.layers)
        )
        self.project = nn.Linear(shape.width, shape.dimension) if shape.projected else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Encode a batch. Every row needs at least one unmasked token."""
        states = self.tokens(input_ids)
        if self.lift is not None:
            states = self.lift(states)
        states = self.norm(states + self.positions.weight[: input_ids.shape[1]])
        kept = attention_mask.to(states.dtype)
        penalty = ((1.0 - kept) * torch.finfo(states.dtype).min)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, penalty)
        pooled = (states * kept[..., None]).sum(dim=1) / kept.sum(dim=1, keepdim=True)
        if self.project is not None:
            pooled = self.project(pooled)
        return functional.normalize(pooled, dim=1)
