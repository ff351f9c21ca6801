"""Simulated shoppers: who clicks, carts and buys what, given how relevant it truly is.

The default ranker is trained on them (`ranker/default/README.md` describes the model). Relevance
outweighs taste by construction, so what is learned is: relevance first, taste among equals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import CandidateColumns, Int32Array
from ranker.events import EventCounts, EventWeights, examination, labels_from_events
from ranker.features.popularity import RATING_PRIOR_COUNT
from ranker.features.relative import standardised

_Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperModel:
    """The population; every number is in logits unless it says otherwise.

    Attributes:
        relevance: Utility of the most relevant over an irrelevant product.
        relevance_power: Exponent on relevance 0..1: above 1, half right is worth less than half.
        taste_bound: No taste can move a utility by more than this, either way: a quarter of
            ``relevance``, so that the worst exact answer is liked no less than the best half right.
        price_mean, price_spread: Taste for the standardised logarithm of the price, over shoppers.
        sales_mean, sales_spread: The same for units sold in 30 days.
        rating_mean, rating_spread: The same for the mean rating, trusted by its count.
        click_threshold: Utility at which an examined product is clicked half the time.
        cart_threshold, purchase_threshold: The same for carting what was clicked and buying what
            was carted.
        position_bias: Exponent of `examination`.
    """

    relevance: float = 6.0
    relevance_power: float = 1.0
    taste_bound: float = 1.5
    price_mean: float = -0.5
    price_spread: float = 0.5
    sales_mean: float = 0.8
    sales_spread: float = 0.3
    rating_mean: float = 0.6
    rating_spread: float = 0.2
    click_threshold: float = 4.0
    cart_threshold: float = 5.0
    purchase_threshold: float = 5.0
    position_bias: float = 1.0


DEFAULT_SHOPPERS = ShopperModel()
"""The population the default ranker is trained on."""


def utilities(
    relevance: npt.NDArray[np.floating],
    candidates: CandidateColumns,
    *,
    shoppers: int,
    rng: np.random.Generator,
    model: ShopperModel = DEFAULT_SHOPPERS,
    liked: npt.NDArray[np.floating] | None = None,
) -> _Float64Array:
    """What each of s shoppers thinks of each of n products, (s, n).

    ``relevance * r^power + B tanh(taste / B)`` with r the true relevance from 0 to 1, B the bound,
    and taste the sum over price, sales and rating of the shopper's own coefficient (normal) times
    the product's standardised column, and of what else is liked. What is unknown has no say.

    Args:
        relevance: True relevance of each product, 0 to 1, (n,).
        candidates: Whose prices, units sold in 30 days and ratings are a matter of taste.
        shoppers: How many, s.
        rng: Draws the tastes.
        model: The population.
        liked: What all of them see in the products besides, in logits, (n,): a person's own taste
            (`tastes.liking`), or an appeal that no column tells. Only differences count.
    """
    columns = (
        np.log(np.maximum(candidates.price, 0.01)),
        np.log1p(np.maximum(candidates.units_30_days, 0)),
        candidates.rating,
    )
    appeal = np.nan_to_num(standardised(np.array(columns, dtype=np.float32)))
    counts = np.nan_to_num(candidates.rating_count)
    appeal[2] *= counts / (counts + RATING_PRIOR_COUNT)
    means = (model.price_mean, model.sales_mean, model.rating_mean)
    spreads = (model.price_spread, model.sales_spread, model.rating_spread)
    tastes = rng.normal(means, spreads, size=(shoppers, len(means))) @ appeal
    if liked is not None and len(liked):
        tastes = tastes + (liked - np.mean(liked))
    bounded = model.taste_bound * np.tanh(tastes / model.taste_bound)
    worth: _Float64Array = model.relevance * relevance**model.relevance_power + bounded
    return worth


def browse(
    worth: _Float64Array,
    *,
    order: Int32Array,
    in_stock: npt.NDArray[np.bool_],
    searches: int,
    rng: np.random.Generator,
    model: ShopperModel = DEFAULT_SHOPPERS,
) -> EventCounts:
    """Let every shopper search ``searches`` times and see the products in ``order``.

    A product at position p (from 0) is examined with probability ``examination(p)``; an examined
    one is clicked, a clicked one carted, a carted one bought, each with the logistic probability of
    utility less threshold. What is sold out can be carted but not bought.

    Args:
        worth: Utilities (s, n), see `utilities`.
        order: Positions into the n products, best place first; those left out are never seen.
        in_stock: Which of the n products can be bought.
        searches: Of each shopper.
        rng: Draws who examines, clicks, carts and buys.
        model: The population.
    """
    position = np.full(worth.shape[1], -1, dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    clicked = examination(position, exponent=model.position_bias) * _logistic(
        worth - model.click_threshold
    )
    clicks = rng.binomial(searches, clicked)
    carts = rng.binomial(clicks, _logistic(worth - model.cart_threshold))
    purchases = rng.binomial(carts, _logistic(worth - model.purchase_threshold) * in_stock)
    return EventCounts(
        searches=searches * len(worth),
        position=position,
        clicks=clicks.sum(axis=0).astype(np.int32),
        carts=carts.sum(axis=0).astype(np.int32),
        purchases=purchases.sum(axis=0).astype(np.int32),
    )


def simulated_grades(
    relevance: npt.NDArray[np.floating],
    candidates: CandidateColumns,
    *,
    seed: int,
    model: ShopperModel = DEFAULT_SHOPPERS,
    shoppers: int = 200,
    searches: int = 50,
    orders: int = 4,
    weights: EventWeights | None = None,
    liked: npt.NDArray[np.floating] | None = None,
) -> Int32Array:
    """Grades 0 to 4, int32 (n,), as a shop would learn them from its shoppers.

    The shoppers see the candidates in retrieval order, then in ``orders - 1`` shuffles of it that a
    shop would show to learn what position hides; `labels_from_events` turns what they do into
    grades.

    Args:
        relevance: True relevance of each candidate, 0 to 1, (n,).
        candidates: Whose prices, sales, ratings and stock the shoppers see.
        seed: Of every random choice.
        model: The population.
        shoppers: How many different ones.
        searches: Of each, in each order.
        orders: How many orders they see.
        weights: What events are worth.
        liked: See `utilities`.
    """
    rng = np.random.default_rng(seed)
    worth = utilities(relevance, candidates, shoppers=shoppers, rng=rng, model=model, liked=liked)
    shown = [np.arange(len(candidates), dtype=np.int32)]
    shown += [rng.permutation(shown[0]) for _ in range(orders - 1)]
    # What has an unknown stock is sold until it is known to be gone.
    in_stock = ~(candidates.stock <= 0)
    events = [
        browse(worth, order=order, in_stock=in_stock, searches=searches, rng=rng, model=model)
        for order in shown
    ]
    return labels_from_events(events, exponent=model.position_bias, weights=weights)


def _logistic(logits: _Float64Array) -> _Float64Array:
    return 1 / (1 + np.exp(-logits))
