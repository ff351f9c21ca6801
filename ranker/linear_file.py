"""The linear twin of a version as JSON: written with the trees, read beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np

from ranker.columns import Float32Array
from ranker.errors import ModelRefused
from ranker.linear import MOST_DEVIATIONS, LinearRanker, Standardisation

TWIN_SUFFIX: Final = "/linear"
"""What the id of a version's twin has behind that of the version."""

_COLUMNS: Final = ("weights", "means", "scales")


def written(twin: LinearRanker, *, features: Sequence[str]) -> bytes:
    """The twin as it stands in the file; ``features`` are the names of its m columns.

    Numbers are written so that the same float32 are read.
    """
    columns = (twin.weights, twin.standardisation.means, twin.standardisation.scales)
    values = {name: column.tolist() for name, column in zip(_COLUMNS, columns, strict=True)}
    return (json.dumps({"features": list(features), **values}) + "\n").encode()


def read(data: bytes, *, features: Sequence[str], version: str) -> LinearRanker:
    """The twin of the version with the id ``version``, named after it.

    Raises:
        ModelRefused: its columns are others than ``features`` (RANKER_SCHEMA), or some row would
            have a score that is no finite number (RANKER_NOT_FINITE).
        `ranker.manifest.UNPARSABLE`: it does not parse.
    """
    said = json.loads(data)
    if said["features"] != list(features):
        raise ModelRefused("its linear twin was trained on other features", reason="RANKER_SCHEMA")
    weights, means, scales = (_column(said[name], width=len(features)) for name in _COLUMNS)
    _require_finite(weights, means, scales)
    return LinearRanker(
        weights,
        standardisation=Standardisation(means=means, scales=scales),
        named=version + TWIN_SUFFIX,
    )


def _column(values: object, *, width: int) -> Float32Array:
    # Numbers too large for float32 become infinite here, and are refused as such.
    with np.errstate(over="ignore"):
        column = np.array(values, dtype=np.float32)
    if column.shape != (width,):
        raise ValueError(f"its linear twin has {column.shape} numbers for {width} features")
    return column


def _require_finite(weights: Float32Array, means: Float32Array, scales: Float32Array) -> None:
    known = np.isfinite(means).all() and np.isfinite(scales).all()
    most = float(np.abs(weights, dtype=np.float64).sum()) * float(MOST_DEVIATIONS)
    # What is no number is not below the limit either.
    if not known or not most < float(np.finfo(np.float32).max):
        raise ModelRefused(
            "its linear twin has weights that are no finite numbers", reason="RANKER_NOT_FINITE"
        )
