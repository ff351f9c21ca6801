"""Shoppers with tastes of their own over a judged shop: what they want, do, and would buy.

Another population than the default ranker learned from (`ranker.simulate`), with the same
thresholds and the same place of relevance above taste. A shopper's taste is for cheap or dear, for
ratings, for how well made a product is (which no column holds: only what others did tells of it),
and for a style, a direction among the products' vectors that their history tells of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.judged_shop import JudgedCandidates
from ranker.columns import Float32Array, Int32Array
from ranker.events import examination
from ranker.simulate import DEFAULT_SHOPPERS, ShopperModel
from server.feedback.event import EventKind

POPULATION = replace(
    DEFAULT_SHOPPERS, click_threshold=6.0, cart_threshold=7.0, purchase_threshold=7.0
)
"""Choosier than those of the default ranker's lessons, who buy in nearly every search.

A search in retrieval order brings about 0.2 purchases, and an exact answer of average taste is
clicked every other time that it is looked at.
"""

BEST_GRADE = 2
"""Of the shared shop's judgments: exactly what was asked."""

_Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """One shopper's tastes: weights of standardised columns, and a unit direction float32 (d,)."""

    name: str
    price: float
    rating: float
    quality: float
    style: float
    direction: Float32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a shopper did in one list.

    ``order`` are the places of the candidates shown, best first; ``deeds`` the furthest kind of
    `EventKind` of each, int32 (shown,), 0 where there was none; ``swapped`` the places exchanged.
    """

    order: Int32Array
    deeds: Int32Array
    swapped: tuple[int, int] | None


def draw_shoppers(count: int, *, vectors: Float32Array, rng: np.random.Generator) -> list[Shopper]:
    """So many shoppers; each one's style is what three products drawn at random have in common.

    ``vectors`` are unit vectors of the shop's products, (p, d).
    """
    centre = vectors.mean(axis=0)
    shoppers = []
    for number in range(count):
        liked = vectors[rng.choice(len(vectors), size=3, replace=False)].mean(axis=0) - centre
        price, rating, quality, style = rng.normal((-0.4, 0.4, 0.8, 0.9), (0.6, 0.2, 0.2, 0.3))
        shoppers.append(
            Shopper(
                name=f"shopper{number}",
                price=float(price),
                rating=float(rating),
                quality=float(quality),
                style=float(style),
                direction=liked / max(float(np.linalg.norm(liked)), 1e-6),
            )
        )
    return shoppers


def worth(
    shopper: Shopper,
    asked: JudgedCandidates,
    *,
    quality: _Float64Array,
    model: ShopperModel = POPULATION,
) -> _Float64Array:
    """Utility of the n candidates in logits: relevance, and a taste bounded as `ranker.simulate`'s.

    ``quality`` (n,) is standard normal over the shop.
    """
    columns = asked.columns
    style = columns.vectors.astype(np.float32) @ shopper.direction
    price = np.log(np.maximum(columns.price, 0.01))
    taste = (
        shopper.price * _standardised(price)
        + shopper.rating * _standardised(columns.rating)
        + shopper.quality * quality
        + shopper.style * _standardised(style)
    )
    relevance = asked.grades / BEST_GRADE
    bounded: _Float64Array = model.taste_bound * np.tanh(taste / model.taste_bound)
    return model.relevance * relevance**model.relevance_power + bounded


def expected_purchases(
    utilities: _Float64Array,
    order: Int32Array,
    *,
    k: int,
    model: ShopperModel = POPULATION,
) -> float:
    """Purchases a search brings from the first k places of ``order``, on average.

    A place is looked at with `examination`; what is looked at is clicked, then carted, then bought,
    each with the logistic probability of utility less threshold, as in `ranker.simulate.browse`.
    """
    first = order[:k]
    seen = examination(np.arange(len(first), dtype=np.int32), exponent=model.position_bias)
    return float(seen @ np.prod(_chances(utilities[first], model), axis=0))


def visit(
    utilities: _Float64Array,
    order: Int32Array,
    *,
    swap_share: float,
    rng: np.random.Generator,
    model: ShopperModel = POPULATION,
) -> Visit:
    """One search of one shopper, the first place swapped with one of the next nine at times."""
    shown, swapped = order.copy(), None
    if rng.random() < swap_share and len(shown) > 1:
        other = int(rng.integers(1, min(10, len(shown))))
        shown[[0, other]] = shown[[other, 0]]
        swapped = (0, other)
    places = np.arange(len(shown), dtype=np.int32)
    clicked, carted, bought = _chances(utilities[shown], model)
    seen = examination(places, exponent=model.position_bias)
    draws = rng.random((3, len(shown)))
    click = draws[0] < seen * clicked
    cart = click & (draws[1] < carted)
    purchase = cart & (draws[2] < bought)
    deeds = np.select(
        (purchase, cart, click),
        (EventKind.PURCHASE, EventKind.ADD_TO_CART, EventKind.CLICK),
        0,
    )
    return Visit(order=shown, deeds=deeds.astype(np.int32), swapped=swapped)


def _chances(utilities: _Float64Array, model: ShopperModel) -> _Float64Array:
    """Probabilities (3, n) of a click when seen, a cart when clicked, a purchase when carted."""
    thresholds = np.array([model.click_threshold, model.cart_threshold, model.purchase_threshold])
    chances: _Float64Array = 1 / (1 + np.exp(thresholds[:, None] - utilities[None, :]))
    return chances


def _standardised(column: npt.NDArray[np.floating]) -> _Float64Array:
    """Mean 0 and deviation 1 over what is known; 0 where unknown or all alike."""
    values = column.astype(np.float64)
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values))
    spread = float(values[known].std())
    if spread < 1e-9:
        return np.zeros(len(values))
    return np.where(known, (values - values[known].mean()) / spread, 0.0)
