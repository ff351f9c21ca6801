"""Product vectors of any number that lie as a shop's do, and the texts that shoppers ask of them.

Products gather around captions: what the starter's text tower says of articles of the sample shop.
A product is one caption, a part of another (what it has in common with other kinds) and a little
noise of its own. All is drawn from one seed in blocks, and a larger shop starts with a smaller one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from server.arrays import Float32Array
from server.sample_shop.assortment import Article, stock_shop
from server.sample_shop.wording import category_path, english_title

BLOCK_ROWS = 8_192
CAPTIONS = 4_096
_OTHER, _NOISE = 0.45, 0.35
"""Lengths beside the caption's 1: neighbours of one caption get cosines of 0.75 to 0.9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopVectors:
    """``products`` vectors around ``captions``, unit rows float32 (m, d)."""

    captions: Float32Array
    products: int
    seed: int = 5

    @property
    def dimension(self) -> int:
        """Width of the vectors."""
        return int(self.captions.shape[1])

    def blocks(self) -> Iterator[tuple[int, Float32Array]]:
        """First product's number and unit rows float32 (n, d), up to `BLOCK_ROWS` at a time."""
        for start in range(0, self.products, BLOCK_ROWS):
            rows = self._block(start // BLOCK_ROWS)
            yield start, rows[: self.products - start]

    def _block(self, number: int) -> Float32Array:
        draw = np.random.default_rng([self.seed, number])
        kind = draw.integers(len(self.captions), size=BLOCK_ROWS)
        other = draw.integers(len(self.captions), size=BLOCK_ROWS)
        noise = draw.standard_normal((BLOCK_ROWS, self.dimension), dtype=np.float32)
        noise *= np.float32(_NOISE / math.sqrt(self.dimension))
        noise += self.captions[kind]
        noise += np.float32(_OTHER) * self.captions[other]
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        return noise


def product_ids(start: int, count: int) -> list[str]:
    """Ids of ``count`` products from number ``start``: each one's number, seven digits wide.

    >>> product_ids(9, 2)
    ['0000009', '0000010']
    """
    return [f"{number:07d}" for number in range(start, start + count)]


def caption_texts(count: int = CAPTIONS, *, seed: int = 5) -> list[str]:
    """One text an article of the sample shop, as ingest makes its captions."""
    return [_caption(article) for article in stock_shop(seed=seed, products=count)]


def asked_texts(count: int, *, seed: int = 6) -> list[str]:
    """What shoppers type: a colour, a material or a style, or both, before the name of a kind."""
    draw = random.Random(seed)
    return [_wish(article, draw) for article in stock_shop(seed=seed, products=count)]


def _caption(article: Article) -> str:
    path = category_path(article.design).replace("/", " ").lower()
    return f"{article.color.english} {path}, {english_title(article.design)}"


def _wish(article: Article, draw: random.Random) -> str:
    design = article.design
    said: Sequence[str] = (article.color.english, design.style[0], design.material[0])
    words = draw.sample(said, draw.choice((1, 1, 2)))
    return " ".join((*words, draw.choice(design.kind.english)))
