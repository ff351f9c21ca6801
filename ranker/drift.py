"""How far features have moved since training: the population stability index of each.

PSI = sum over bins of ``(a - r) log(a / r)``, with r the reference's share of a bin and a that of
what is seen now: the symmetrised Kullback-Leibler divergence of the two histograms. Read as in
credit scoring, where it comes from (Lewis 1994; Siddiqi 2006): below 0.1 nothing happened, above
0.25 the model sees another world than it learnt. By chance alone, with n and N independent rows and
B bins, it is about ``(B - 1) (1/n + 1/N)`` (Yurdakul 2018): thousands of rows say something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array
from ranker.errors import RankingError

MOVED: Final = 0.1
"""PSI from which a feature deserves a look."""

DRIFTED: Final = 0.25
"""PSI from which a model should be trained again."""

LEAST_SHARE: Final = 1e-4
"""What an empty bin counts for, so that no logarithm is of 0."""

_DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """One feature in the reference.

    Attributes:
        edges: Upper ends of the bins, rising; the bin after the last has none. Float32 values.
        shares: Of the reference's rows in each bin, and last of those where it is unknown:
            ``len(edges) + 2`` of them, 1 in sum.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]


Reference = Mapping[str, Histogram]
"""Histograms by feature: what a version keeps of the rows it was trained on."""


def reference(matrix: Float32Array, features: Sequence[str]) -> dict[str, Histogram]:
    """Histograms of rows (n, m), by names of the columns.

    Bins end at the reference's deciles. A value that a tenth of the rows have, such as 0 in a
    flag, has a bin of its own, so that a flag that turns is seen too.

    Raises:
        RankingError: no rows, or another number of columns than names.
    """
    _check(matrix, columns=len(features))
    found = {}
    for name, column in zip(features, matrix.T, strict=True):
        edges = _edges(column)
        shares = _counts(column, edges) / len(column)
        found[name] = Histogram(edges=tuple(edges.tolist()), shares=tuple(shares.tolist()))
    return found


def psi(reference: Reference, matrix: Float32Array) -> dict[str, float]:
    """The index of each feature, for rows (n, m) with columns in the order of the reference.

    Raises:
        RankingError: no rows, or another number of columns than the reference has features.
    """
    _check(matrix, columns=len(reference))
    found = {}
    for (name, histogram), column in zip(reference.items(), matrix.T, strict=True):
        edges = np.array(histogram.edges, dtype=np.float32)
        seen = np.maximum(_counts(column, edges) / len(column), LEAST_SHARE)
        learnt = np.maximum(np.array(histogram.shares), LEAST_SHARE)
        found[name] = float(np.sum((seen - learnt) * np.log(seen / learnt)))
    return found


def to_document(reference: Reference) -> dict[str, dict[str, list[float]]]:
    """As it stands in a version's JSON file."""
    return {
        name: {"edges": list(each.edges), "shares": list(each.shares)}
        for name, each in reference.items()
    }


def from_document(document: object) -> dict[str, Histogram]:
    """What `to_document` wrote.

    Raises:
        RankingError: it is something else.
    """
    try:
        found = {
            str(name): Histogram(
                edges=tuple(map(float, each["edges"])), shares=tuple(map(float, each["shares"]))
            )
            for name, each in document.items()  # type: ignore[attr-defined] # checked by trying
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RankingError(
            f"This is no reference of features ({error!r}); train the version again."
        ) from error
    for name, each in found.items():
        rising = bool(np.all(np.diff(each.edges) > 0)) and bool(np.isfinite(each.edges).all())
        if not rising or len(each.shares) != len(each.edges) + 2:
            raise RankingError(f"The reference of {name} has broken bins; train the version again.")
    return found


def sampled(matrices: Iterable[Float32Array], *, most_rows: int) -> list[Float32Array]:
    """Every matrix, or evenly every second, fourth, … where all have more rows than ``most_rows``.

    >>> rows = [np.full((2, 1), place, dtype=np.float32) for place in range(8)]
    >>> [int(each[0, 0]) for each in sampled(rows, most_rows=8)]
    [0, 2, 4, 6]
    """
    kept: list[Float32Array] = []
    stride, rows = 1, 0
    for place, matrix in enumerate(matrices):
        if place % stride:
            continue
        kept.append(matrix)
        rows += len(matrix)
        while rows > most_rows and len(kept) > 1:
            kept, stride = kept[::2], stride * 2
            rows = sum(map(len, kept))
    return kept


def _edges(column: Float32Array) -> Float32Array:
    known = column[np.isfinite(column)]
    if not len(known):
        return np.empty(0, dtype=np.float32)
    deciles, times = np.unique(
        np.quantile(known, _DECILES, method="inverted_cdf"), return_counts=True
    )
    # Two deciles in one place: a tenth of the rows or more are there, and get a bin of their own.
    heavy = deciles[times > 1]
    below = np.nextafter(heavy, np.float32(-np.inf))
    edges: Float32Array = np.unique(np.concatenate((deciles, below))).astype(np.float32)
    return edges


def _counts(column: Float32Array, edges: Float32Array) -> npt.NDArray[np.int64]:
    """Rows in each bin, the unknown last."""
    unknown = np.isnan(column)
    bins = np.where(unknown, len(edges) + 1, edges.searchsorted(column, side="left"))
    return np.bincount(bins, minlength=len(edges) + 2)


def _check(matrix: Float32Array, *, columns: int) -> None:
    if matrix.ndim != 2 or matrix.shape[1] != columns:  # noqa: PLR2004 - a matrix
        raise RankingError(
            f"The rows have shape {matrix.shape}, and {columns} features are named; compare what"
            " one release computed."
        )
    if not len(matrix):
        raise RankingError("There are no rows to compare; take a longer time.")
