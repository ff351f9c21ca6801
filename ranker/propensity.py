"""How likely a place is to be looked at, estimated from the logs: the position-based model.

P(click on product d of query q at place k) = P(k is looked at) * P(d is liked for q), as in
Joachims, Swaminathan and Schnabel (2017). Only ratios between places can be known: the first is
called 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from ranker.errors import RankingError
from ranker.falling import falling
from ranker.shown_log import ShownLog, checked
from ranker.two_factor import fit_two_factor

Float64Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.integer]

PROPENSITY_FLOOR = 0.02
"""No place is taken to be looked at more rarely: one event never weighs more than fifty."""

MOST_RELATIVE_ERROR = 0.25
"""Swaps are used where the place of an average look is known at least this well."""

_PLACES = 50


class PropensityMethod(StrEnum):
    """Where propensities come from."""

    SWAPS = "swaps"
    EXPECTATION_MAXIMISATION = "expectation_maximisation"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Propensities:
    """Of each place from 0, how likely it is looked at, over that of the first.

    Attributes:
        values: float64 (k,), the first is 1, never rising, at least ``PROPENSITY_FLOOR``.
        standard_errors: float64 (k,), of the values before they were made to fall; NaN where
            unknown.
        method: Where they come from.
    """

    values: Float64Array
    standard_errors: Float64Array
    method: PropensityMethod

    def at(self, position: Positions) -> Float64Array:
        """Propensities of positions (n,) from 0; beyond the last place, that of the last."""
        found: Float64Array = self.values[np.minimum(position, len(self.values) - 1)]
        return found


NO_BIAS = Propensities(values=np.ones(1), standard_errors=np.zeros(1), method=PropensityMethod.NONE)
"""Every place is looked at alike: what raw clicks take for granted."""


def estimate(log: ShownLog, *, floor: float = PROPENSITY_FLOOR) -> Propensities:
    """From the log's random swaps where they tell enough, else from products that moved.

    Raises:
        RankingError: ``PROPENSITY_UNKNOWN``, neither tells anything; or ``LOG_MALFORMED``.
    """
    checked(log)
    swaps = from_swaps(log, floor=floor)
    return from_moves(log, floor=floor) if swaps is None else swaps


def from_swaps(log: ShownLog, *, floor: float = PROPENSITY_FLOOR) -> Propensities | None:
    """Where place 0 and a place k drawn at random were swapped, both products stood at both places.

    So the sum of the click rates at k (unswapped and swapped) over the sum of those at 0 is the
    ratio of the propensities, whatever the products (the intervention of Joachims et al. 2017,
    section 5.3, with both products counted as in the pair randomisation of Wang et al. 2018). Its
    variance is that of a ratio of means by the delta method, with the two places of one search
    taken as one draw. Places never swapped lie on a line between their neighbours on logarithmic
    axes; those beyond the last one swapped are taken to be as likely as that, which corrects too
    little rather than too much.

    None where the relative errors, weighed by the propensities of the swapped places, are above
    ``MOST_RELATIVE_ERROR``.
    """
    searches = len(log.text)
    width = min(int(log.position.max(initial=-1)) + 1, _PLACES)
    swapped = np.unique(log.swapped_with[log.swapped_with > 0])
    swapped = swapped[swapped < width]
    if not len(swapped):
        return None
    inside = log.position < width
    clicks = np.full((searches, width), np.nan)
    clicks[log.search[inside], log.position[inside]] = log.responded()[inside]
    ratios, errors = np.full(width, np.nan), np.full(width, np.nan)
    ratios[0], errors[0] = 1.0, 0.0
    untouched = log.swapped_with == 0
    for place in swapped.tolist():
        both = ~np.isnan(clicks[:, [0, place]]).any(axis=1)
        arms = [clicks[both & arm] for arm in (untouched, log.swapped_with == place)]
        if min(map(len, arms)) > 1:
            ratios[place], errors[place] = _ratio(arms, place=place)
    known = ~np.isnan(errors) & (ratios > 0)
    if not known[1:].any() or _usual_error(ratios, errors, known) > MOST_RELATIVE_ERROR:
        return None
    values = _between(ratios, known)
    weights = np.where(known, 1 / np.maximum(errors, 1e-3) ** 2, 1e-3)
    return _propensities(values, weights, errors, PropensityMethod.SWAPS, floor=floor)


def from_moves(log: ShownLog, *, floor: float = PROPENSITY_FLOOR) -> Propensities:
    """From products that stood at several places for one query text, by `two_factor`.

    What never moved says nothing of places and is left out. Places that no chain of moved products
    ties to the first keep the propensity of the place before them.

    Raises:
        RankingError: ``PROPENSITY_UNKNOWN``: no product was seen at the first place and at another,
            or nothing was clicked.
    """
    pairs, count = log.pairs()
    inside = log.position < _PLACES
    width = min(int(log.position.max(initial=-1)) + 1, _PLACES)
    cell = pairs[inside] * width + log.position[inside]
    shape = (count, width)
    shown = np.bincount(cell, minlength=count * width).reshape(shape).astype(np.float64)
    clicked = np.bincount(cell, weights=log.responded()[inside], minlength=count * width).reshape(
        shape
    )
    moved = (shown > 0).sum(axis=1) > 1
    telling = moved & (clicked.sum(axis=1) > 0)
    known = _tied_to_first(shown[telling] > 0) if telling.any() else np.zeros(width, np.bool_)
    if int(known.sum()) <= 1:
        raise RankingError(
            "What position does cannot be told from this log: no product that was clicked stood at"
            " the first place and at another for one query. Let the server swap places at random"
            " (ranking.swap_share), or train on searches of more than one ranker.",
            reason="PROPENSITY_UNKNOWN",
        )
    ratios = fit_two_factor(shown[moved][:, known], clicked[moved][:, known])
    values = np.full(width, np.nan)
    values[known] = ratios
    values = _carried(values)
    weights = np.where(known, clicked[moved].sum(axis=0) + 1, 1e-3)
    nothing = np.full(width, np.nan)
    return _propensities(
        values, weights, nothing, PropensityMethod.EXPECTATION_MAXIMISATION, floor=floor
    )


def _ratio(arms: list[Float64Array], *, place: int) -> tuple[float, float]:
    """Ratio of the clicks at ``place`` over those at 0 in both arms, and its standard error."""
    top = sum(float(arm[:, place].mean()) for arm in arms)
    bottom = sum(float(arm[:, 0].mean()) for arm in arms)
    if not top or not bottom:
        return float("nan"), float("nan")
    ratio = top / bottom
    variance = sum(
        float(np.var(arm[:, place] - ratio * arm[:, 0], ddof=1)) / len(arm) for arm in arms
    )
    return ratio, float(np.sqrt(variance)) / bottom


def _usual_error(ratios: Float64Array, errors: Float64Array, known: npt.NDArray[np.bool_]) -> float:
    places = np.flatnonzero(known)[1:]
    return float(errors[places].sum() / ratios[places].sum())


def _between(ratios: Float64Array, known: npt.NDArray[np.bool_]) -> Float64Array:
    places = np.log(np.arange(len(ratios)) + 1.0)
    filled: Float64Array = np.exp(np.interp(places, places[known], np.log(ratios[known])))
    return filled


def _tied_to_first(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Places that a chain of products (rows), each seen at several, ties to the first."""
    together = seen.T.astype(np.int64) @ seen.astype(np.int64) > 0
    tied = np.zeros(seen.shape[1], dtype=np.bool_)
    reached = tied.copy()
    reached[0] = bool(together[0, 0])
    while (reached != tied).any():
        tied = reached
        reached = tied | together[tied].any(axis=0)
    return tied


def _carried(values: Float64Array) -> Float64Array:
    """Unknown values take the last known one before them."""
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), 0))
    carried: Float64Array = values[last]
    return carried


def _propensities(
    values: Float64Array,
    weights: Float64Array,
    errors: Float64Array,
    method: PropensityMethod,
    *,
    floor: float,
) -> Propensities:
    smooth = falling(values, weights=weights)
    return Propensities(
        values=np.clip(smooth / smooth[0], floor, 1.0), standard_errors=errors, method=method
    )
