"""A simulated shopper's own taste: brands, kinds of thing, a price and a look they come back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ranker.columns import VECTOR_SCALE, CandidateColumns, Float32Array, Int8Array, Int32Array

_Float64Array = npt.NDArray[np.float64]

_LEAST_PRICE = 0.01


class Traits(Protocol):
    """What a taste is about, of n products: `CandidateColumns`, or a shop's own columns."""

    @property
    def price(self) -> Float32Array:
        """float32 (n,), NaN where unknown."""

    @property
    def brand(self) -> Int32Array:
        """Codes int32 (n,), -1 for none."""

    @property
    def category(self) -> Int32Array:
        """Codes int32 (n,), -1 for none."""

    @property
    def vectors(self) -> Int8Array:
        """int8 (n, d), unit vectors times 127, zeros for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """What one shopper likes; strengths are in logits of utility.

    Attributes:
        brands, categories: Codes liked, int32.
        log_price: Natural logarithm of the price that suits best.
        look: Unit vector float64 (d,) that liked products point along.
        brand_liking, category_liking: What a liked one is worth more.
        price_liking: What the price that suits is worth over one that is e times as high or low.
        look_liking: What a product just like the look is worth over one unlike it.
    """

    brands: Int32Array
    categories: Int32Array
    log_price: float
    look: _Float64Array
    brand_liking: float = 1.0
    category_liking: float = 0.5
    price_liking: float = 0.8
    look_liking: float = 1.5


def drawn_taste(traits: Traits, *, rng: np.random.Generator) -> Taste:
    """A taste around a few of the products, two brands and two categories at most.

    Args:
        traits: Of a shop's products, at least one.
        rng: Draws which.
    """
    models = rng.permutation(len(traits.price))[:2]
    prices = traits.price[models]
    known = prices[np.isfinite(prices)]
    look = traits.vectors[models].astype(np.float64).sum(axis=0)
    norm = float(np.linalg.norm(look))
    return Taste(
        brands=_codes(traits.brand[models]),
        categories=_codes(traits.category[models]),
        log_price=float(np.log(np.maximum(known, _LEAST_PRICE)).mean()) if len(known) else np.nan,
        look=look / norm if norm else look,
    )


def liking(taste: Taste, traits: Traits) -> _Float64Array:
    """What the taste adds to the utility of each of n products, float64 (n,), unknown adds 0."""
    logs = np.log(np.maximum(traits.price.astype(np.float64), _LEAST_PRICE))
    # Falls like a bell: what is far too dear is not worse than what is much too dear.
    suits = np.nan_to_num(np.exp(-((logs - taste.log_price) ** 2)))
    cosine = traits.vectors.astype(np.float64) @ taste.look * float(VECTOR_SCALE)
    added: _Float64Array = (
        taste.brand_liking * np.isin(traits.brand, taste.brands)
        + taste.category_liking * np.isin(traits.category, taste.categories)
        + taste.price_liking * suits
        + taste.look_liking * cosine
    )
    return added


def with_counts(
    candidates: CandidateColumns,
    *,
    appeal: npt.NDArray[np.floating],
    rng: np.random.Generator,
) -> CandidateColumns:
    """The candidates with the counts that products of such an appeal would have gathered.

    Impressions differ by orders of magnitude, as places in lists do. Of them, a share is clicked
    that rises with appeal; of the clicks a share is carted, of the carts a share bought.

    Args:
        candidates: n of them.
        appeal: In logits, (n,), around 0.
        rng: Draws the counts.
    """
    impressions = np.floor(np.exp(rng.normal(4.5, 1.5, len(candidates)))).astype(np.int64)
    clicks = rng.binomial(impressions, _share(appeal - 3.0))
    carts = rng.binomial(clicks, _share(appeal - 1.5))
    purchases = rng.binomial(carts, _share(appeal - 0.5))
    return replace(
        candidates,
        impressions=impressions.astype(np.float32),
        clicks=clicks.astype(np.float32),
        carts=carts.astype(np.float32),
        purchases=purchases.astype(np.float32),
    )


def _codes(codes: Int32Array) -> Int32Array:
    return np.unique(codes[codes >= 0])


def _share(logits: npt.NDArray[np.floating]) -> _Float64Array:
    shares: _Float64Array = 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)))
    return shares
