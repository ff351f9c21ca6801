"""Places times products: the position-based model fitted to clicks without features.

Expectation–maximisation as in Wang et al. (2018), with one liking for each query text and product
in place of their regression. A liking has a weak Beta prior around the mean click rate, so that a
product shown twice and clicked once is not taken to be liked by all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]

PRIOR_SHOWINGS = 2.0
"""How many showings the prior of a liking stands for."""

_MOST_STEPS = 2_000
_STILL = 1e-5
_LIKELIEST = 1 - 1e-6


def fit_two_factor(
    shown: Float64Array, clicked: Float64Array, *, steps: int = _MOST_STEPS
) -> Float64Array:
    """Propensities (k,) of places over that of the first, above 0.

    Starts from the click rates of places, which is right where products were placed at random.
    The same counts give the same values.

    Args:
        shown: How often each of g products stood at each of k places, (g, k).
        clicked: How often it was clicked there, (g, k), at most ``shown``.
        steps: Most steps; it stops earlier where nothing moves by more than 1e-5.
    """
    showings = np.maximum(shown.sum(axis=0), 1)
    place = (clicked.sum(axis=0) + 0.5) / (showings + 1)
    place = np.minimum(place / place.max(), _LIKELIEST)
    total = np.maximum(shown.sum(axis=1), 1)
    prior = float(clicked.sum()) / max(float((shown @ place).sum()), 1e-9)
    prior = min(max(prior, 1e-3), 1 - 1e-3)
    liking = (clicked.sum(axis=1) + prior * PRIOR_SHOWINGS) / (shown @ place + PRIOR_SHOWINGS)
    liking = np.minimum(liking, _LIKELIEST)
    passed = shown - clicked
    for _ in range(steps):
        both = liking[:, None] * place[None, :]
        unclicked = passed / (1 - both)
        seen = clicked + unclicked * (place[None, :] - both)
        liked = clicked + unclicked * (liking[:, None] - both)
        now = np.clip(seen.sum(axis=0) / showings, 1e-6, _LIKELIEST)
        liking = np.clip(
            (liked.sum(axis=1) + prior * PRIOR_SHOWINGS) / (total + PRIOR_SHOWINGS),
            1e-6,
            _LIKELIEST,
        )
        moved = float(np.abs(now / now[0] - place / place[0]).max())
        place = now
        if moved < _STILL:
            break
    ratios: Float64Array = place / place[0]
    return ratios
