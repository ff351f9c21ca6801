"""The transformer text encoder that every text tower is: BERT's layers, mean pooling, unit norm.

MiniLM fills it with published weights; the Chinese tower fills it by training. Two options beyond
BERT: a token table narrower than the layers (``table_width``, lifted by one matrix, as in ALBERT)
and a projection after pooling, where the vectors' dimension is not the layers' width.

Texts of a batch differ in length, so everything but attention works on the real tokens alone, laid
end to end (s, width); attention alone sees them padded.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

# Far below any real score, and within the range of bfloat16's and float16's exponents.
_HIDDEN_SCORE = -1e4


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

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.mix = nn.Linear(shape.width, 3 * shape.width)
        self.merge = nn.Linear(shape.width, shape.width)
        self.merge_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.down_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def forward(self, states: Tensor, real: Tensor) -> Tensor:
        """Map the states of the ``real`` tokens, (s, width), to the same shape.

        ``real`` is bool (n, t) and has s true elements.
        """
        states = self.merge_norm(states + self.merge(self._attend(self.mix(states), real)))
        inner = self.down(functional.gelu(self.up(states)))
        normed: Tensor = self.down_norm(states + inner)
        return normed

    def _attend(self, mixed: Tensor, real: Tensor) -> Tensor:
        rows, length = real.shape
        places = real.flatten().nonzero()[:, 0]
        padded = mixed.new_zeros(rows * length, mixed.shape[1]).index_copy(0, places, mixed)
        split = padded.view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = split
        # Written out: torch's fused kernel is slower on a processor for texts this short.
        scores = (query @ key.transpose(2, 3)) * query.shape[3] ** -0.5
        scores = scores.masked_fill(~real[:, None, None, :], _HIDDEN_SCORE)
        attended = scores.softmax(dim=3).to(value.dtype) @ value
        seen: Tensor = attended.transpose(1, 2).reshape(rows * length, -1)[places]
        return seen


class TextEncoder(nn.Module):
    """Token ids and mask, both int64 (n, t), to unit vectors float32 (n, dimension)."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = nn.Embedding(shape.vocabulary, shape.table_width)
        self.lift = nn.Linear(shape.table_width, shape.width) if shape.lifted else None
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.layers))
        self.project = nn.Linear(shape.width, shape.dimension) if shape.projected else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Encode a batch. Every row needs at least one unmasked token."""
        real = attention_mask.bool()
        row, place = real.nonzero(as_tuple=True)
        states = self.tokens(input_ids[real])
        if self.lift is not None:
            states = self.lift(states)
        states = self.norm(states + self.positions(place))
        for layer in self.layers:
            states = layer(states, real)
        total = torch.zeros(real.shape[0], self.shape.width).index_add(0, row, states.float())
        pooled = total / real.sum(dim=1, keepdim=True)
        if self.project is not None:
            pooled = self.project(pooled)
        return functional.normalize(pooled.float(), dim=1)
