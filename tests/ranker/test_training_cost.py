"""What training takes is measured in a process of its own."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from ranker.training_cost import drawn_dataset, training_cost


def test_it_measures_a_whole_training() -> None:
    seconds, peak = training_cost(2_050, 6)
    assert 0.01 < seconds < 60
    # A process with numpy and LightGBM takes tens of megabytes, never gigabytes for so few rows.
    assert 30 * 2**20 < peak < 2**30


def test_what_does_not_train_is_said() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        training_cost(10, 6)


def test_the_data_drawn_is_as_asked() -> None:
    drawn = drawn_dataset(1_230, 5, seed=1)
    assert drawn.matrix.shape == (1_230, 5)
    assert drawn.sizes.sum() == 1_230
    assert drawn.sizes[-1] == 30
    assert 0.03 < np.isnan(drawn.matrix).mean() < 0.07
    assert np.bincount(drawn.labels, minlength=5).min() > 0
