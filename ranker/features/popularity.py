"""How the product sells, how shoppers take to it, and how buyers like it."""

from __future__ import annotations

import numpy as np

from ranker.columns import Float32Array
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene

RATING_PRIOR_COUNT = 5.0
"""How many average ratings a product starts with."""

RATE_PRIOR_EVENTS = 2.0
"""How many events, at the candidates' pooled rate, a product's rate starts with."""

RECENCY_DAYS = 90.0
"""Age in days at which recency has fallen to 1/e."""

_COUNTS = (
    "units_1_day",
    "units_7_days",
    "units_30_days",
    "rating_count",
    "impressions",
    "clicks",
    "carts",
    "purchases",
)
_EVENTS = _COUNTS.index("impressions")

_WINDOWS_IN_LONGER = np.array([[7], [30 / 7]], dtype=np.float32)
"""How many days are in a week, and weeks in a month."""


def popularity(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``.

    Units sold are logarithms of 1 + units, standardised among the candidates: shops differ by
    orders of magnitude. ``velocity_…`` is the logarithm of the daily rate of the short window over
    that of the long one, one unit added to both: 0 for steady sales. ``rating_smoothed`` is the
    Bayesian mean ``(prior * C + rating * count) / (C + count)`` with C ``RATING_PRIOR_COUNT`` and
    the candidates' own mean rating as prior, less that prior.

    ``…_rate`` is the logarithm of a smoothed rate over the candidates' pooled rate p, so that it
    means the same in a shop where one impression in ten is clicked and in one where one in a
    hundred is: ``log((events + K) / (impressions * p + K))`` with K ``RATE_PRIOR_EVENTS``. That is
    the mean of the rate under a Beta prior with mean p and weight K / p impressions; 0, the prior
    itself, for a product that was never shown. Rates are of what was seen: who stands high is seen
    more, and clicked more for standing there, which labels are freed of and these are not.
    """
    candidates = scene.candidates
    counts = np.array([getattr(candidates, name) for name in _COUNTS])
    sold, events = counts[:_EVENTS], counts[_EVENTS:]
    np.maximum(sold, 0, out=sold)
    # Not `maximum`, which keeps NaN: an event that was not counted did not happen.
    np.fmax(events, 0, out=events)
    # One logarithm of ten rows costs little more than one of one.
    logs = np.empty((10, len(candidates)), dtype=np.float32)
    np.add(counts[: _EVENTS + 1], 1, out=logs[:5])
    short = sold[:2] * _WINDOWS_IN_LONGER
    short += 1
    np.divide(short, logs[1:3], out=logs[5:7])
    _rates(events, out=logs[7:])
    np.log(logs, out=logs)
    rows[:3] = logs[:3]
    rows[3:5] = logs[5:7]
    rows[5] = _smoothed_rating(candidates.rating, sold[3])
    rows[6] = logs[3]
    np.exp(candidates.age_days / np.float32(-RECENCY_DAYS), out=rows[7])
    rows[8] = logs[4]
    rows[9:] = logs[7:]


def _smoothed_rating(rating: Float32Array, counts: Float32Array) -> Float32Array:
    known = rating[~np.isnan(rating)]
    prior = known.sum() / len(known) if len(known) else np.float32(np.nan)
    smoothed: Float32Array = (rating - prior) * (counts / (counts + np.float32(RATING_PRIOR_COUNT)))
    return smoothed


def _rates(events: Float32Array, *, out: Float32Array) -> None:
    """Rates (3, n) over the pooled ones, from impressions, clicks, carts and purchases (4, n)."""
    totals = np.add.reduce(events, axis=1)
    pooled = totals[1:] / np.maximum(totals[0], np.float32(1))
    smoothing = np.float32(RATE_PRIOR_EVENTS)
    np.multiply(pooled[:, None], events[0], out=out)
    events += smoothing
    out += smoothing
    np.divide(events[1:], out, out=out)


FAMILY = Family(
    name="popularity",
    version=2,
    features=(
        Feature(name="units_1_day_z", finish=Finish.STANDARDISED),
        Feature(name="units_7_days_z", finish=Finish.STANDARDISED),
        Feature(name="units_30_days_z", finish=Finish.STANDARDISED),
        Feature(name="velocity_1_day"),
        Feature(name="velocity_7_days"),
        Feature(name="rating_smoothed", direction=1),
        Feature(name="rating_count_log"),
        Feature(name="recency"),
        Feature(name="impressions_log"),
        Feature(name="click_rate", direction=1),
        Feature(name="cart_rate", direction=1),
        Feature(name="purchase_rate", direction=1),
    ),
    give=popularity,
)
