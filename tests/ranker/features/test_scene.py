"""What families share of a request, worked by hand."""

from collections.abc import Callable
from math import log

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.scene import Scene


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    nan = float("nan")
    asked, known = query(), candidates(4, price=[10, 20, 40, nan], vectors=[[127, -3]] * 4)
    scene = Scene.of(asked, known)
    assert scene.query is asked
    assert scene.candidates is known
    assert scene.vectors.dtype == np.float32
    assert scene.vectors.tolist() == [[127, -3]] * 4
    logs = [log(10), log(20), log(40), nan]
    assert scene.log_prices.tolist() == pytest.approx(logs, nan_ok=True)
    to_median = [-log(2), 0, log(2), nan]
    assert scene.log_prices_to_median.tolist() == pytest.approx(to_median, nan_ok=True, abs=1e-6)
