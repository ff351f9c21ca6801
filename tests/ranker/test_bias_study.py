"""The proof: with the truth known, labels without position bias teach a better ranker."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from ranker.bias_study import StudySettings, debiased_minus_naive, study
from ranker.propensity import PropensityMethod

SMALL = StudySettings(queries=50, searches=120)


def test_debiased_beats_naive_with_every_seed() -> None:
    assert min(debiased_minus_naive((0, 1, 2), settings=SMALL)) > 0.02


def test_so_it_does_without_swaps() -> None:
    result = study(
        1, settings=StudySettings(queries=50, searches=120, swap_share=0, order_noise=0.5)
    )
    assert result.propensities.method is PropensityMethod.EXPECTATION_MAXIMISATION
    assert result.debiased > result.naive + 0.02
    assert result.debiased > result.old_ranker


def test_without_position_bias_there_is_nothing_to_win() -> None:
    settings = StudySettings(queries=50, searches=120, position_bias=0.0)
    differences = debiased_minus_naive((0, 1, 2), settings=settings)
    assert abs(float(np.mean(differences))) < 0.02


def test_same_seed_same_study() -> None:
    first, again = (study(4, settings=SMALL) for _ in range(2))
    assert (first.debiased, first.naive) == (again.debiased, again.naive)


def test_the_command_prints_the_interval() -> None:
    asked = [sys.executable, "-m", "ranker.bias_study", "--json", "--seeds", "2"]
    printed = subprocess.run(asked, capture_output=True, check=True, timeout=280)
    document = json.loads(printed.stdout)
    assert len(document["debiased_minus_naive"]) == 2
    assert document["interval"]["low"] <= document["interval"]["mean"]
