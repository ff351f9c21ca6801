"""A shopper's recent interests as what the ranker takes of a person."""

from __future__ import annotations

from typing import Final

import numpy as np

from ranker.columns import PersonFacts
from server.arrays import Float32Array, Int8Array, Int32Array
from server.persons.interest import Interests
from server.persons.recent_events import TraitReader

HALF_LIFE_DAYS: Final = 7.0
"""Age at which an event counts half: interests fade exponentially (Ding and Li 2005, time weight
collaborative filtering), here from one week's shopping to the next; at 30 days 5 % is left."""

LEAST_LOG_PRICE_SPREAD: Final = 0.1
"""A tenth up or down is the same price to anybody, however alike a shopper's few prices are."""

_HALF_LIFE_SECONDS = HALF_LIFE_DAYS * 86_400.0
_LEAST_PRICE = 0.01


def person_facts(
    reader: TraitReader, interests: Interests, *, now_seconds: float
) -> PersonFacts | None:
    """What the products of ``interests`` have in common, weighed by kind and age.

    Products that the reader does not know are passed over; None where none is left.
    """
    rows = reader.rows(interests.products)
    known = rows >= 0
    if not known.any():
        return None
    half_lives = np.maximum(now_seconds - interests.times[known], 0.0) / _HALF_LIFE_SECONDS
    weights = interests.weights[known] * np.exp2(-half_lives)
    traits = reader.traits(rows[known])
    narrow = weights.astype(np.float32)
    brands, brand_shares = _shares(traits.brand, narrow)
    categories, category_shares = _shares(traits.category, narrow)
    log_price, spread = _usual_price(traits.price, narrow)
    return PersonFacts(
        events=float(weights.sum()),
        vector=_direction(traits.vectors, narrow),
        brands=brands,
        brand_shares=brand_shares,
        categories=categories,
        category_shares=category_shares,
        log_price=log_price,
        log_price_spread=spread,
        bought_groups=_each_once(traits.group[interests.bought[known]]),
    )


def _direction(vectors: Int8Array, weights: Float32Array) -> Float32Array:
    mean: Float32Array = weights @ vectors.astype(np.float32)
    norm = np.sqrt(mean @ mean)
    unit: Float32Array = mean / norm if norm > 0 else np.zeros_like(mean)
    return unit


def _shares(codes: Int32Array, weights: Float32Array) -> tuple[Int32Array, Float32Array]:
    """Codes, rising and without -1, and the share of all weight that each has."""
    order = codes.argsort()
    ordered = codes[order]
    start = int(ordered.searchsorted(0))
    ordered, sorted_weights = ordered[start:], weights[order[start:]]
    if not len(ordered):
        return ordered, sorted_weights
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    shares: Float32Array = np.add.reduceat(sorted_weights, starts) / weights.sum()
    return ordered[starts], shares


def _usual_price(prices: Float32Array, weights: Float32Array) -> tuple[float, float]:
    known = np.isfinite(prices)
    if not known.any():
        return float("nan"), float("nan")
    logs = np.log(np.maximum(prices[known].astype(np.float64), _LEAST_PRICE))
    shares = weights[known] / weights[known].sum()
    mean = float(shares @ logs)
    spread = float(np.sqrt(shares @ (logs - mean) ** 2))
    return mean, max(spread, LEAST_LOG_PRICE_SPREAD)


def _each_once(codes: Int32Array) -> Int32Array:
    """Codes without -1, each where it first stands."""
    return np.array(list(dict.fromkeys(codes[codes >= 0].tolist())), dtype=np.int32)
