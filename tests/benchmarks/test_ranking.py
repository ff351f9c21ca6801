"""The document that the benchmark prints has the promised keys, whatever was asked for."""

from __future__ import annotations

import pytest

from benchmarks import ranking
from benchmarks.ranking import _arguments, measured


def test_a_part_that_was_not_asked_for_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "training_cost", lambda rows, features: (rows / 100, features))
    document = measured(_arguments(["--only", "training", "--training-rows", "3000"]))
    assert document == {
        "ltr": None,
        "simulation": None,
        "rank_call_over_predict": None,
        "onnx_over_lightgbm": None,
        "skipped": {},
        "training_rows": 3_000,
        "training_seconds": 30.0,
        "training_peak_bytes": 40,
    }


def test_bias_is_part_of_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "debiased_minus_naive", lambda seeds: [0.1 for _ in seeds])
    document = measured(_arguments(["--only", "bias", "--bias-seeds", "3"]))
    assert document["simulation"]["debiased_minus_naive"] == [0.1, 0.1, 0.1]
    assert document["simulation"]["debiased_minus_naive_interval"]["low"] == pytest.approx(0.1)


def test_everything_is_measured_by_default() -> None:
    arguments = _arguments([])
    assert arguments.only == ranking.PARTS
    assert arguments.training_rows == 500_000
    assert arguments.bias_seeds == 10
