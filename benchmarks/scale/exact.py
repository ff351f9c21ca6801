"""Exact search with numpy: the truth of recall, and an engine beside the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from benchmarks.scale.opened import LIMIT, OpenIndex
from benchmarks.scale.vectors import ShopVectors
from server.arrays import Float32Array, Int64Array


def nearest(shop: ShopVectors, queries: Float32Array, *, limit: int = LIMIT) -> Int64Array:
    """Numbers of the ``limit`` most similar products of each query, best first: int64 (q, k).

    Equal similarities fall in the order of the products' numbers. Vectors are made and forgotten
    block by block. k is the number of products where there are fewer.
    """
    scores = np.empty((len(queries), 0), dtype=np.float32)
    numbers = np.empty((len(queries), 0), dtype=np.int64)
    for start, block in shop.blocks():
        fresh = np.arange(start, start + len(block), dtype=np.int64)
        scores = np.concatenate((scores, queries @ block.T), axis=1)
        numbers = np.concatenate(
            (numbers, np.broadcast_to(fresh, (len(queries), len(block)))), axis=1
        )
        best = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
        scores = np.take_along_axis(scores, best, axis=1)
        numbers = np.take_along_axis(numbers, best, axis=1)
    return numbers


def recall(found: Sequence[Sequence[str]], truth: Int64Array, *, at: int) -> float:
    """Mean share of each query's true first ``at`` that are among the first ``at`` found.

    >>> recall([["0000002", "0000009"]], np.array([[2, 7]]), at=2)
    0.5
    """
    shares = [
        len({int(each) for each in ids[:at]}.intersection(true[:at].tolist())) / len(true[:at])
        for ids, true in zip(found, truth, strict=True)
    ]
    return float(np.mean(shares))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactEngine:
    """Every vector in this process's memory, compared with one matrix product a query."""

    name: str = "exact"
    about: str = "numpy, float32, one matrix-vector product"

    @contextmanager
    def session(self, folder: Path) -> Iterator[ExactSession]:
        """Nothing is started."""
        folder.mkdir(parents=True, exist_ok=True)
        yield ExactSession(folder)


class ExactSession:
    """Matrices in files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, shop: ShopVectors) -> None:
        """Write the matrix block by block."""
        shape = (shop.products, shop.dimension)
        matrix = open_memmap(self._file(shop.products), "w+", dtype=np.float32, shape=shape)
        for start, block in shop.blocks():
            matrix[start : start + len(block)] = block
        matrix.flush()

    def open(self, products: int) -> OpenIndex:
        """Read the matrix into memory."""
        matrix: Float32Array = np.load(self._file(products))

        def search(vector: Float32Array) -> list[str]:
            scores = matrix @ vector
            best = np.argpartition(-scores, min(LIMIT, len(scores)) - 1)[:LIMIT]
            return [f"{number:07d}" for number in best[np.argsort(-scores[best])].tolist()]

        return OpenIndex(search=search, memory_mb=matrix.nbytes / 1e6)

    def _file(self, products: int) -> Path:
        return self._folder / f"{products}.npy"
