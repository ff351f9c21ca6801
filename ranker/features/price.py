"""What the product costs, beside the other candidates, the query's price and the shopper's."""

from __future__ import annotations

import numpy as np

from ranker.columns import Float32Array
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene


def price(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``; logarithms are natural, a price of 0 counts as 0.01.

    ``price_level`` is the logarithm of the price, standardised among the candidates, and
    ``price_to_median`` that of the price over their median, so that both mean the same in any
    currency. ``price_from_hint`` is the absolute logarithm of the price over the price named in the
    query, NaN when none is. ``price_over_person`` is the logarithm of the price over what the
    shopper usually looks at, in deviations of theirs, and ``price_from_person`` its absolute value;
    NaN when nothing is known of them. ``discount`` is the share taken off the list price, 0 without
    one.
    """
    known, person, hint = scene.candidates.price, scene.query.person, scene.query.price_hint
    rows[0] = scene.log_prices
    rows[1] = scene.log_prices_to_median
    rows[2] = known
    if hint > 0:
        np.abs(scene.log_prices - np.float32(np.log(hint)), out=rows[3])
    else:
        rows[3] = np.nan
    if person:
        np.subtract(scene.log_prices, np.float32(person.log_price), out=rows[4])
        rows[4] /= np.float32(person.log_price_spread)
        np.abs(rows[4], out=rows[5])
    else:
        rows[4:6] = np.nan
    paid = known / np.maximum(scene.candidates.list_price, np.float32(0.01))
    np.maximum(1 - paid, 0, out=rows[6])
    np.copyto(rows[6], known * 0, where=np.isnan(paid))


FAMILY = Family(
    name="price",
    version=2,
    features=(
        Feature(name="price_level", finish=Finish.STANDARDISED),
        Feature(name="price_to_median"),
        Feature(name="price_percentile", finish=Finish.SHARE_BELOW),
        Feature(name="price_from_hint", direction=-1),
        Feature(name="price_over_person"),
        Feature(name="price_from_person", direction=-1),
        Feature(name="discount"),
    ),
    give=price,
)
