"""Why a product stands where it stands: what features, families and rules added to its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array
from ranker.features.schema import FAMILY_OF, FEATURES

FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
"""Columns of the schema's matrix, in order."""

BIAS = "bias"
"""What every candidate gets alike."""

RULES = "rules"
"""What rules added to a score, beside the families of features."""

_NAMED_FOR, _NAMED_AGAINST = 3, 2
_WORTH_NAMING = 0.1
_NEGLIGIBLE = 0.005


@runtime_checkable
class FeatureExplainer(Protocol):
    """A ranker that can say of every feature what it added; those that cannot say it by family."""

    def shap(self, matrix: Float32Array) -> Float32Array:
        """Float32 (n, m + 1), the bias last: rows add up to the scores (±1e-4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturePart:
    """One feature of one candidate; its value is NaN where unknown."""

    name: str
    family: str
    value: float
    contribution: float


def by_family(
    contributions: npt.NDArray[np.floating], families: Sequence[str]
) -> dict[str, Float32Array]:
    """Add up (n, m + 1) contributions, the bias last, by the family of each of the m columns.

    >>> parts = by_family(np.array([[1.0, 2.0, 4.0, 0.5]]), ["price", "stock", "price"])
    >>> {name: part.tolist() for name, part in parts.items()}
    {'price': [5.0], 'stock': [2.0], 'bias': [0.5]}
    """
    sums: dict[str, Float32Array] = {}
    for name in dict.fromkeys(families):
        columns = [place for place, family in enumerate(families) if family == name]
        sums[name] = contributions[:, columns].sum(axis=1).astype(np.float32)
    sums[BIAS] = contributions[:, -1].astype(np.float32)
    return sums


def columns_of(ranker: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and families of the columns of a ranker's matrix.

    Those of the schema, but for a ranker that has ``feature_names`` and ``feature_families`` of its
    own.
    """
    # Asked at every request, where checking against a Protocol would cost ten times as much.
    names = getattr(ranker, "feature_names", FEATURE_NAMES)
    return names, getattr(ranker, "feature_families", FAMILY_OF)


def strongest_features(
    ranker: FeatureExplainer, row: Float32Array, *, limit: int
) -> tuple[FeaturePart, ...]:
    """Of a candidate's row (m,) the features that added most, up or down, the largest first.

    Those that added nothing are left out.

    Raises:
        RankingError: the ranker cannot take the row.
    """
    names, families = columns_of(ranker)
    parts = ranker.shap(row[None, :])[0, :-1]
    order = np.argsort(-np.abs(parts), kind="stable")[:limit].tolist()
    return tuple(
        FeaturePart(
            name=names[place],
            family=families[place],
            value=float(row[place]),
            contribution=float(parts[place]),
        )
        for place in order
        if parts[place] != 0
    )


def differences(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """By family, what ``one`` gains over ``other``, the largest difference first; 0 is left out.

    A family that only one of them has counts 0 for the other.

    >>> differences({"price": 0.25, "stock": 1.0, "bias": 2.0}, {"price": 0.75, "bias": 2.0})
    {'stock': 1.0, 'price': -0.5}
    """
    names = dict.fromkeys((*one, *other))
    gained = {name: one.get(name, 0.0) - other.get(name, 0.0) for name in names}
    order = sorted(gained, key=lambda name: -abs(gained[name]))
    return {name: gained[name] for name in order if gained[name]}


def reasons(gained: Mapping[str, float]) -> str:
    """The families that make a difference, in words, with the signs of who gained them.

    Named are those of at least a tenth of the largest difference: up to three that point the way
    the sum does, up to two that point the other way. Empty where nothing worth a word differs.

    >>> reasons({"price": 0.41, "similarity": 0.22, "popularity": -0.10, "stock": 0.01})
    'mainly for price (+0.41) and similarity (+0.22), in spite of popularity (-0.10)'
    >>> reasons({"price": -0.5})
    'for price (-0.50)'
    """
    least = max((abs(each) for each in gained.values()), default=0.0) * _WORTH_NAMING
    least = max(least, _NEGLIGIBLE)
    way = 1 if sum(gained.values()) >= 0 else -1
    named = {name: value for name, value in gained.items() if abs(value) >= least}
    behind = [name for name, value in named.items() if value * way > 0][:_NAMED_FOR]
    against = [name for name, value in named.items() if value * way < 0][:_NAMED_AGAINST]
    if not behind:
        return ""
    whole = len(behind) + len(against) == len(gained) == 1
    said = f"{'for' if whole else 'mainly for'} {_listed(behind, gained)}"
    return f"{said}, in spite of {_listed(against, gained)}" if against else said


def _listed(names: Sequence[str], gained: Mapping[str, float]) -> str:
    words = [f"{name} ({gained[name]:+.2f})" for name in names]
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), words[-1]])
