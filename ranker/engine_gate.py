"""The gate before the ONNX engine: it serves only where it agrees with LightGBM on trying rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array

MOST_DIFFERENCE = 1e-5
"""Most absolute difference of two engines' scores of one row."""

EDGE_ROWS = 192
"""Rows made to stand on the thresholds of the model, beside the stored ones."""

_SEED = 20_261
_SPLITS, _THRESHOLDS = "split_feature=", "threshold="

Score = Callable[[Float32Array], Float32Array]


def objection(
    model: str, *, sample: Float32Array, reference: Score, candidate: Score
) -> str | None:
    """Why ``candidate`` must not score in the place of ``reference``; None where it may.

    On the stored rows it must give the same order, and on them and on rows at the edges of the
    model's splits no score may differ by more than ``MOST_DIFFERENCE``.

    Args:
        model: LightGBM's text, of which the thresholds are taken.
        sample: Stored rows float32 (s, m), at least one.
        reference: Scores of rows, by LightGBM.
        candidate: Scores of rows, by the other engine.
    """
    rows = np.concatenate((sample, edge_rows(sample, thresholds(model))))
    expected, given = reference(rows), candidate(rows)
    if given.shape != expected.shape or not np.isfinite(given).all():
        return "it gives no finite score for some row"
    difference = float(np.max(np.abs(given.astype(np.float64) - expected)))
    if difference > MOST_DIFFERENCE:
        return f"scores differ by up to {difference:.2g}, more than {MOST_DIFFERENCE:g}"
    stored = len(sample)
    if not np.array_equal(_order(expected[:stored]), _order(given[:stored])):
        return "it puts the stored rows in another order"
    return None


def thresholds(model: str) -> dict[int, npt.NDArray[np.float64]]:
    r"""Every distinct threshold in LightGBM's text by the number of its feature.

    >>> text = "split_feature=0 2\nthreshold=0.5 -1\nsplit_feature=2\nthreshold=3"
    >>> {feature: values.tolist() for feature, values in thresholds(text).items()}
    {0: [0.5], 2: [-1.0, 3.0]}
    """
    features: list[str] = []
    values: list[str] = []
    for line in model.splitlines():
        if line.startswith(_SPLITS):
            features += line.removeprefix(_SPLITS).split()
        elif line.startswith(_THRESHOLDS):
            values += line.removeprefix(_THRESHOLDS).split()
    of, at = np.array(features, dtype=np.int64), np.array(values, dtype=np.float64)
    return {int(feature): np.unique(at[of == feature]) for feature in np.unique(of)}


def edge_rows(sample: Float32Array, splits: Mapping[int, npt.NDArray[np.float64]]) -> Float32Array:
    """Rows float32 (``EDGE_ROWS``, m): stored ones, moved onto and beside thresholds.

    Of a row's features about half keep their value; the others are a threshold rounded to float32,
    the float32 below or above it, unknown, or zero. The same for the same arguments.
    """
    draw = np.random.default_rng(_SEED)
    rows = sample[draw.integers(len(sample), size=EDGE_ROWS)]
    for feature, values in splits.items():
        with np.errstate(over="ignore"):
            at = values[draw.integers(len(values), size=EDGE_ROWS)].astype(np.float32)
        below = np.nextafter(at, np.float32(-np.inf))
        above = np.nextafter(at, np.float32(np.inf))
        unknown, zero = np.full_like(at, np.nan), np.zeros_like(at)
        kept = rows[:, feature]
        choices = np.stack((kept, kept, kept, kept, at, below, above, unknown, zero))
        rows[:, feature] = choices[
            draw.integers(len(choices), size=EDGE_ROWS), np.arange(EDGE_ROWS)
        ]
    return rows


def _order(scores: Float32Array) -> npt.NDArray[np.intp]:
    return np.argsort(-scores, kind="stable")
