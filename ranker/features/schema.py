"""The feature matrix: its families in order, and the fingerprint that models are held to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.affinity import FAMILY as AFFINITY
from ranker.features.family import Family, Feature, finisher_of
from ranker.features.lexical import FAMILY as LEXICAL
from ranker.features.person import FAMILY as PERSON
from ranker.features.popularity import FAMILY as POPULARITY
from ranker.features.price import FAMILY as PRICE
from ranker.features.query import FAMILY as QUERY
from ranker.features.scene import Scene
from ranker.features.similarity import FAMILY as SIMILARITY
from ranker.features.stock import FAMILY as STOCK
from ranker.features.variety import FAMILY as VARIETY

FAMILIES: tuple[Family, ...] = (
    SIMILARITY,
    LEXICAL,
    AFFINITY,
    PRICE,
    POPULARITY,
    STOCK,
    VARIETY,
    PERSON,
    QUERY,
)

FEATURES: tuple[Feature, ...] = tuple(feature for family in FAMILIES for feature in family.features)
"""Columns of the matrix, in order."""

FAMILY_OF: tuple[str, ...] = tuple(family.name for family in FAMILIES for _ in family.features)
"""Name of the family of each column."""

_FINISHER = finisher_of(FEATURES)


def fingerprint(families: Sequence[Family] = FAMILIES) -> str:
    """SHA-256 over the names and versions of families and the names of features, in order."""
    facts = [
        [family.name, family.version, [feature.name for feature in family.features]]
        for family in families
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def compute(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """The matrix float32 (n, m), C-contiguous: a row a candidate, columns as in ``FEATURES``.

    No value is infinite: what infinite columns would make so is unknown.
    """
    rows = np.empty((len(FEATURES), len(candidates)), dtype=np.float32)
    start = 0
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        scene = Scene.of(query, candidates)
        for family in FAMILIES:
            stop = start + len(family.features)
            family.give(scene, rows[start:stop])
            start = stop
        _FINISHER.finish(rows)
    infinite = np.isinf(rows)
    if infinite.any():
        rows[infinite] = np.nan
    return np.ascontiguousarray(rows.T)
