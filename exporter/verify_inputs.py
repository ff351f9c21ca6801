"""What exported towers are compared on: texts of every length, pictures of every kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from exporter.sources.model import TextSource

Pixels = NDArray[np.uint8]
Integers = NDArray[np.int64]

POOL = 32
"""Rows of every case: the largest batch that is compared."""

_SEED = 29
_GREY = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCase:
    """Token batches of one length: ``input_ids`` and ``attention_mask``, int64 (POOL, t)."""

    name: str
    input_ids: Integers
    attention_mask: Integers

    @property
    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """Arrays by the names of the tower's inputs."""
        return {"input_ids": self.input_ids, "attention_mask": self.attention_mask}


def text_cases(source: TextSource) -> Iterator[TextCase]:
    """Yield texts of one real token, of the most tokens, of all lengths mixed, half as long.

    Every text begins and ends as the tokenizer begins and ends one; the tokens between are drawn
    from its whole vocabulary.
    """
    tokenizer = Tokenizer.from_str(source.tokenizer)
    ends = tokenizer.encode("a").ids
    vocabulary = np.array(sorted(tokenizer.get_vocab(with_added_tokens=True).values()), np.int64)
    random = np.random.default_rng(_SEED)
    most = source.max_tokens
    ragged = random.integers(1, most + 1, POOL)
    ragged[:2] = most, 1
    lengths = {
        "one token": np.ones(POOL, np.int64),
        "most tokens": np.full(POOL, most),
        "all lengths": ragged,
        "half as long": np.minimum(ragged, max(1, most // 2)),
    }
    for name, wanted in lengths.items():
        texts = [_text(int(length), ends, vocabulary, random) for length in wanted]
        ids, mask = pad(texts, source)
        yield TextCase(name=name, input_ids=ids, attention_mask=mask)


def tokenise(texts: Sequence[str], source: TextSource) -> tuple[Integers, Integers]:
    """Tokenise as the source says: ``input_ids`` and ``attention_mask``, int64 (n, t)."""
    tokenizer = Tokenizer.from_str(source.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(source.max_tokens)
    return pad([encoding.ids for encoding in tokenizer.encode_batch(list(texts))], source)


def pad(texts: Sequence[Sequence[int]], source: TextSource) -> tuple[Integers, Integers]:
    """Pad on the right, to the longest or to ``max_tokens``; the mask is 1 on tokens."""
    fixed = source.padding == "fixed"
    length = source.max_tokens if fixed else max(len(ids) for ids in texts)
    padded = np.full((len(texts), length), source.pad_id, np.int64)
    mask = np.zeros_like(padded)
    for row, ids in enumerate(texts):
        padded[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    return padded, mask


def pictures(height: int, width: int) -> Pixels:
    """Give pixels (POOL, height, width, 3): plain, gradients, stripes, noise."""
    random = np.random.default_rng(_SEED)
    down = np.linspace(0, 255, height)[:, None, None] * np.ones((1, width, 3))
    across = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 3))
    stripes = ((np.arange(width) // 4) % 2 * 255)[None, :, None] * np.ones((height, 1, 3))
    drawn = [
        np.zeros((height, width, 3)),
        np.full((height, width, 3), 255),
        np.full((height, width, 3), _GREY),
        down,
        across,
        255 - across,
        np.concatenate([down[..., :1], across[..., :1], 255 - down[..., :1]], axis=-1),
        stripes,
        np.broadcast_to([255, 0, 0], (height, width, 3)),
    ]
    for row in range(len(drawn), POOL):
        cell = 2 ** (row % 5)
        coarse = random.integers(0, 256, (-(-height // cell), -(-width // cell), 3))
        drawn.append(coarse.repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width])
    return np.stack(drawn).astype(np.uint8)


def _text(
    length: int, ends: Sequence[int], vocabulary: Integers, random: np.random.Generator
) -> list[int]:
    if length == 1:
        return [ends[-1]]
    return [ends[0], *random.choice(vocabulary, length - 2).tolist(), ends[-1]]
