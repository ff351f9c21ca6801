"""Grades from a log of searches: what was done counts for how rarely its place is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import Int32Array
from ranker.events import DEFAULT_WEIGHTS, EventWeights
from ranker.judgments import Grade
from ranker.propensity import Propensities
from ranker.shown_log import ShownLog, checked

Float64Array = npt.NDArray[np.float64]

GRADE_QUANTILES = (0.35, 0.65, 0.9)
"""Where the grades 2, 3 and 4 begin, among the gains of what anything was done with."""

PRIOR_SHOWINGS = 5.0
"""How many average showings the gain of a query text and product starts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a log says of its rows.

    Attributes:
        gains: Estimated gain of one look at the row's product for its query text, float64 (n,).
        grades: 0 where nothing was ever done with it, else 1 to 4 by gain, int32 (n,).
    """

    gains: Float64Array
    grades: Int32Array


def labels_from_log(
    log: ShownLog, *, propensities: Propensities, weights: EventWeights = DEFAULT_WEIGHTS
) -> Labels:
    """Grades 0 to 4 of every row, pooled over all searches of the same query text.

    A row's gain is that of the most that was done (bought over carted over clicked), over the
    propensity of its place: one look led to all of it, so place is taken out once. The gains of a
    query text and product are averaged over its showings (inverse propensity scoring, clipped by
    the floor of the propensities), drawn towards the mean of the log as if it had been shown
    ``PRIOR_SHOWINGS`` times more: a single click far down is no proof.

    Grades are shares of the log (``GRADE_QUANTILES``), not amounts: shops differ in how often
    anything is clicked by orders of magnitude.

    Args:
        log: Without the searches that are not trusted (`ShownLog.trusted`).
        propensities: `propensity.estimate` of the same log; `propensity.NO_BIAS` takes clicks as
            they are.
        weights: What a click, a cart and a purchase are worth.

    Raises:
        RankingError: ``LOG_MALFORMED``.
    """
    checked(log)
    if not len(log):
        return Labels(gains=np.empty(0), grades=np.empty(0, dtype=np.int32))
    worth = np.select(
        (log.bought, log.carted, log.clicked), (weights.purchase, weights.cart, weights.click), 0.0
    )
    gained = worth / propensities.at(log.position)
    pairs, count = log.pairs()
    showings = np.bincount(pairs, minlength=count)
    prior = float(gained.mean())
    pooled = (np.bincount(pairs, weights=gained, minlength=count) + PRIOR_SHOWINGS * prior) / (
        showings + PRIOR_SHOWINGS
    )
    done = np.bincount(pairs, weights=worth, minlength=count) > 0
    grades = np.zeros(count, dtype=np.int32)
    if done.any():
        bounds = np.quantile(pooled[done], GRADE_QUANTILES)
        grades[done] = Grade.RELATED + np.searchsorted(bounds, pooled[done], side="right")
    return Labels(gains=pooled[pairs], grades=grades[pairs])
