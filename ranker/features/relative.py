"""Columns made relative to the other candidates of the query, so that they carry between shops.

Every function takes float32 (k, n), k columns of n candidates as rows, and gives the same shape.
NaN is unknown: it takes no part and stays NaN. Permuting candidates permutes results alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array


def standardised(rows: Float32Array) -> Float32Array:
    """Distance from the mean of the known values in their standard deviations.

    0 where all known values are equal.

    >>> standardised(np.array([[1, 3, np.nan]], dtype=np.float32))
    array([[-1.,  1., nan]], dtype=float32)
    """
    known = np.isfinite(rows)
    counts = np.maximum(np.add.reduce(known, axis=1, dtype=np.float32), 1)
    means = np.add.reduce(np.where(known, rows, 0), axis=1) / counts
    centred = rows - means[:, None]
    spread = np.where(known, centred, 0)
    deviations = np.sqrt(np.einsum("kn,kn->k", spread, spread) / counts)
    # Equal values differ from their rounded mean by an ulp or so: that is no deviation.
    differ = deviations > np.abs(means) * np.float32(1e-6)
    scales = differ / np.maximum(deviations, np.float32(1e-30))
    scaled: Float32Array = centred * scales[:, None]
    return scaled


def best(rows: Float32Array) -> Float32Array:
    """Largest known value of each column, float32 (k, 1); -inf where none is known.

    >>> best(np.array([[1, 3, np.nan]], dtype=np.float32))
    array([[3.]], dtype=float32)
    """
    largest: Float32Array = np.fmax.reduce(rows, axis=1, keepdims=True, initial=-np.inf)
    return largest


def gap_to_best(rows: Float32Array) -> Float32Array:
    """Value less the largest known one: 0 for the best, below 0 for the rest.

    >>> gap_to_best(np.array([[1, 3, np.nan]], dtype=np.float32))
    array([[-2.,  0., nan]], dtype=float32)
    """
    return rows - best(rows)


def min_max(rows: Float32Array) -> Float32Array:
    """Scaled so that the least known value is 0 and the largest 1; all 1 where they are equal.

    >>> min_max(np.array([[1, 3, 2, np.nan]], dtype=np.float32))
    array([[0. , 1. , 0.5, nan]], dtype=float32)
    """
    scaled = gap_to_best(rows)
    lowest = np.fmin.reduce(scaled, axis=1, keepdims=True, initial=0)
    scaled /= np.where(lowest < 0, -lowest, 1)
    scaled += 1
    return scaled


def reciprocal_rank(rows: Float32Array, *, dense: bool = False) -> Float32Array:
    """1 / (1 + r) where r others are strictly better; ``dense`` counts distinct better values.

    >>> reciprocal_rank(np.array([[5, 5, 1, np.nan]], dtype=np.float32)).round(2)
    array([[1.  , 1.  , 0.33,  nan]], dtype=float32)
    >>> reciprocal_rank(np.array([[5, 5, 1, np.nan]], dtype=np.float32), dense=True)
    array([[1. , 1. , 0.5, nan]], dtype=float32)
    """
    better = _count_distinct_below(-rows) if dense else _count_below(-rows)
    better += 1
    return np.divide(np.float32(1), better, out=better)


def share_below(rows: Float32Array) -> Float32Array:
    """Share of all n candidates whose known value is strictly below.

    >>> share_below(np.array([[10, 20, 20, np.nan]], dtype=np.float32))
    array([[0.  , 0.25, 0.25,  nan]], dtype=float32)
    """
    return _count_below(rows) / np.float32(max(rows.shape[1], 1))


def share_alike(codes: npt.NDArray[np.int32]) -> Float32Array:
    """Share of the n candidates with the same code as each, int32 (k, n); NaN for code -1.

    >>> share_alike(np.array([[7, 7, 3, -1]], dtype=np.int32))
    array([[0.5 , 0.5 , 0.25,  nan]], dtype=float32)
    """
    order, first = _sorted_runs(codes)
    starts = np.flatnonzero(first)
    lengths = np.append(starts[1:], codes.size) - starts
    share = np.empty(codes.size, dtype=np.float32)
    share[order] = np.repeat(lengths, lengths)
    share /= np.float32(max(codes.shape[1], 1))
    shaped = share.reshape(codes.shape)
    shaped[codes < 0] = np.nan
    return shaped


def log_price(column: Float32Array) -> Float32Array:
    """Natural logarithm of prices (n,), those below 0.01 counting as 0.01.

    >>> log_price(np.array([1, 0, np.nan], dtype=np.float32)).round(2)
    array([ 0.  , -4.61,   nan], dtype=float32)
    """
    logs: Float32Array = np.log(np.maximum(column, np.float32(0.01)))
    return logs


def median(column: Float32Array) -> float:
    """Median of the known values of one column (n,); NaN where none is known.

    >>> median(np.array([4, 1, np.nan, 2], dtype=np.float32))
    2.0
    """
    ordered = np.sort(column)
    known = len(ordered) - int(np.count_nonzero(np.isnan(ordered)))
    if known == 0:
        return float("nan")
    return float(ordered[(known - 1) // 2] + ordered[known // 2]) / 2


def _count_below(rows: Float32Array) -> Float32Array:
    """How many known values of the row are strictly below each."""
    below = np.empty(rows.shape, dtype=np.float32)
    for counts, row in zip(below, rows, strict=True):
        # NaN is sorted last, so that it stands below nothing.
        counts[:] = np.sort(row).searchsorted(row)
    below[np.isnan(rows)] = np.nan
    return below


def _count_distinct_below(rows: Float32Array) -> Float32Array:
    """How many distinct known values of the row are strictly below each."""
    order, first = _sorted_runs(rows)
    counts = np.empty(rows.size, dtype=np.float32)
    counts[order] = np.add.accumulate(first, axis=1, dtype=np.float32).ravel()
    counts -= 1
    shaped = counts.reshape(rows.shape)
    shaped[np.isnan(rows)] = np.nan
    return shaped


def _sorted_runs(
    rows: npt.NDArray[np.float32] | npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Places (k * n,) into the flattened rows that sort each row, and (k, n) where a run starts.

    A run is a stretch of equal values. NaN comes last, each a run of its own.
    """
    count, width = rows.shape
    order = rows.argsort(axis=1)
    order += np.arange(count)[:, None] * width
    ordered = rows.ravel()[order]
    first = np.ones((count, width), dtype=np.bool_)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=first[:, 1:])
    return order.ravel(), first
