"""Columns made relative to the other candidates of the query, so that they carry between shops.

Every function takes float32 (k, n), k columns of n candidates as rows, and gives the same shape.
NaN is unknown: it takes no part and stays NaN. Permuting candidates permutes results alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array
from ranker.features.runs import Runs, rising

_ZERO = np.float32(0)


def standardised(rows: Float32Array) -> Float32Array:
    """Distance from the mean of the known values in their standard deviations.

    0 where all known values are equal.

    >>> standardised(np.array([[1, 3, np.nan]], dtype=np.float32))
    array([[-1.,  1., nan]], dtype=float32)
    """
    totals = np.add.reduce(rows, axis=1)
    counts: Float32Array | np.float32 = np.float32(max(rows.shape[1], 1))
    known = None
    if not _plain(rows, totals):
        known = np.isfinite(rows)
        counts = np.maximum(np.add.reduce(known, axis=1, dtype=np.float32), 1)
        totals = np.add.reduce(np.where(known, rows, _ZERO), axis=1)
    means = totals / counts
    centred: Float32Array = rows - means[:, None]
    spread = centred if known is None else np.where(known, centred, _ZERO)
    deviations = np.einsum("kn,kn->k", spread, spread)
    deviations /= counts
    np.sqrt(deviations, out=deviations)
    # Equal values differ from their rounded mean by an ulp or so: that is no deviation.
    differ = deviations > np.abs(means) * np.float32(1e-6)
    centred *= (differ / np.maximum(deviations, np.float32(1e-30)))[:, None]
    return centred


def _plain(rows: Float32Array, totals: Float32Array) -> bool:
    """Whether each row is known throughout or not at all, told by the rows' sums (k,).

    That is how nearly all rows are, and then nothing has to be left out.
    """
    unsure = ~np.isfinite(totals)
    return not unsure.any() or bool(np.isnan(rows[unsure]).all())


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
    for row in scaled:
        scale_gaps(row)
    return scaled


def scale_gaps(row: Float32Array) -> None:
    """Scale gaps to the best (n,) in place, so that the lowest is 0 and the best 1.

    >>> gaps = np.array([-2, 0, -1, np.nan], dtype=np.float32)
    >>> scale_gaps(gaps)
    >>> gaps
    array([0. , 1. , 0.5, nan], dtype=float32)
    """
    width = -np.fmin.reduce(row, initial=_ZERO)
    if width > 0:
        row /= width
    row += 1


def reciprocal_rank(rows: Float32Array, *, dense: bool = False) -> Float32Array:
    """1 / (1 + r) where r others are strictly better; ``dense`` counts distinct better values.

    >>> reciprocal_rank(np.array([[5, 5, 1, np.nan]], dtype=np.float32)).round(2)
    array([[1.  , 1.  , 0.33,  nan]], dtype=float32)
    >>> reciprocal_rank(np.array([[5, 5, 1, np.nan]], dtype=np.float32), dense=True)
    array([[1. , 1. , 0.5, nan]], dtype=float32)
    """
    runs = Runs.of(rising(-rows))
    better = runs.unsorted(runs.distinct_below() if dense else runs.below())
    better += 1
    np.divide(np.float32(1), better, out=better)
    better[np.isnan(rows)] = np.nan
    return better


def share_below(rows: Float32Array) -> Float32Array:
    """Share of all n candidates whose known value is strictly below.

    >>> share_below(np.array([[10, 20, 20, np.nan]], dtype=np.float32))
    array([[0.  , 0.25, 0.25,  nan]], dtype=float32)
    """
    runs = Runs.of(rising(rows))
    share = runs.unsorted(runs.below())
    share /= np.float32(max(rows.shape[1], 1))
    share[np.isnan(rows)] = np.nan
    return share


def share_alike(codes: npt.NDArray[np.int32]) -> Float32Array:
    """Share of the n candidates with the same code as each, int32 (k, n); NaN for code -1.

    >>> share_alike(np.array([[7, 7, 3, -1]], dtype=np.int32))
    array([[0.5 , 0.5 , 0.25,  nan]], dtype=float32)
    """
    runs = Runs.of(codes)
    share = runs.unsorted(runs.alike())
    share /= np.float32(max(codes.shape[1], 1))
    share[codes < 0] = np.nan
    return share


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
