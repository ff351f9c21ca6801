"""An answer that is no vector is an error, never a vector."""

from __future__ import annotations

import numpy as np
import pytest

from server.encoders.checks import require_unit_rows
from server.errors import Unavailable


@pytest.mark.parametrize(
    ("vectors", "reason"),
    [
        ([[np.nan, 0.0]], "ENCODER_NOT_UNIT"),
        ([[np.inf, 0.0]], "ENCODER_NOT_UNIT"),
        ([[0.0, 0.0]], "ENCODER_NOT_UNIT"),
        ([[1.0, 0.0], [1.0, 0.1]], "ENCODER_NOT_UNIT"),
        ([[1.0, 0.0, 0.0]], "ENCODER_WRONG_SHAPE"),
    ],
)
def test_bad_rows_are_refused(vectors: list[list[float]], reason: str) -> None:
    with pytest.raises(Unavailable) as caught:
        require_unit_rows(np.array(vectors, np.float32), dimension=2)
    assert caught.value.reason == reason


def test_unit_rows_and_no_rows_pass() -> None:
    require_unit_rows(np.array([[0.6, 0.8], [-1.0, 0.0]], np.float32), dimension=2)
    require_unit_rows(np.empty((0, 2), np.float32), dimension=2)
