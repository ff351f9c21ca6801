"""The comparison on a learning-to-rank set: on drawn files, with what is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ranking_ltr
from benchmarks.peers.random_search import Budget

BUDGET = Budget(trials=2, folds=2, rounds=10, patience=5, seconds=60, threads=1, seed=4)


def write(path: Path, *, queries: int, seed: int) -> None:
    """Ten rows a query; the second of three features decides the grade."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((queries * 10, 3))
    grades = np.digitize(matrix[:, 1], (-0.5, 0.5, 1.0))
    rows = [
        f"{grade} " + " ".join(f"{name}:{value:.3f}" for name, value in enumerate(row, start=1))
        for grade, row in zip(grades.tolist(), matrix.tolist(), strict=True)
    ]
    path.write_text("\n".join(rows) + "\n", "ascii")
    path.with_name(f"{path.name}.query").write_text("10\n" * queries, "ascii")


def test_ours_and_the_peers_that_are_here_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "rank.train", queries=30, seed=1)
    write(tmp_path / "rank.test", queries=8, seed=2)
    absent = tmp_path / "absent" / "python"
    peers = {"lightgbm": Path(sys.executable), "xgboost": absent, "catboost": absent}
    monkeypatch.setattr(ranking_ltr, "PEERS", peers)
    found = ranking_ltr.measured(tmp_path, budget=BUDGET, seeds=2, data=tmp_path)
    assert list(found["ltr"]) == ["ours", "lightgbm", "xgboost", "catboost"]
    assert 0.8 < found["ltr"]["ours"] <= 1
    assert found["ltr"]["xgboost"] is found["ltr"]["catboost"] is None
    assert set(found["skipped"]) == {"xgboost", "catboost"}
    assert found["over_best_peer"] == pytest.approx(
        found["ltr"]["ours"] / found["ltr"]["lightgbm"], abs=2e-4
    )
    assert len(found["by_seed"]["ours"]) == 2
    assert found["searches"]["lightgbm"][0]["trials"] == 2
    assert found["test_queries"] == 8


def test_without_the_data_the_part_says_so(tmp_path: Path) -> None:
    found = ranking_ltr.measured(tmp_path, budget=BUDGET, seeds=1, data=tmp_path / "none")
    assert found["ltr"] is None
    assert "none" in found["skipped"]["ltr"]
