"""How the product sells and how buyers like it."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature
from ranker.features.relative import standardised

RATING_PRIOR_COUNT = 5.0
"""How many average ratings a product starts with."""

RECENCY_DAYS = 90.0
"""Age in days at which recency has fallen to 1/e."""


def popularity(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``.

    Units sold are logarithms of 1 + units, standardised among the candidates: shops differ by
    orders of magnitude. ``velocity_…`` is the logarithm of the daily rate of the short window over
    that of the long one, one unit added to both: 0 for steady sales. ``rating_smoothed`` is the
    Bayesian mean ``(prior * C + rating * count) / (C + count)`` with C ``RATING_PRIOR_COUNT`` and
    the candidates' own mean rating as prior, less that prior.
    """
    del query
    windows = (candidates.units_1_day, candidates.units_7_days, candidates.units_30_days)
    units = np.maximum(np.array(windows), 0)
    day, week, month = units
    week_over_month = np.log((week * np.float32(30 / 7) + 1) / (month + 1))
    day_over_week = np.log((day * 7 + 1) / (week + 1))
    counts = np.maximum(candidates.rating_count, 0)
    trust = counts / (counts + np.float32(RATING_PRIOR_COUNT))
    known = candidates.rating[~np.isnan(candidates.rating)]
    prior = known.sum() / len(known) if len(known) else np.float32(np.nan)
    smoothed = (candidates.rating - prior) * trust
    recency = np.exp(candidates.age_days / np.float32(-RECENCY_DAYS))
    rows = (day_over_week, week_over_month, smoothed, np.log1p(counts), recency)
    return np.concatenate((standardised(np.log1p(units)), np.array(rows, dtype=np.float32)))


FAMILY = Family(
    name="popularity",
    version=1,
    features=(
        Feature(name="units_1_day_z"),
        Feature(name="units_7_days_z"),
        Feature(name="units_30_days_z"),
        Feature(name="velocity_1_day"),
        Feature(name="velocity_7_days"),
        Feature(name="rating_smoothed", direction=1),
        Feature(name="rating_count_log"),
        Feature(name="recency"),
    ),
    compute=popularity,
)
