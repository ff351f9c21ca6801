"""What is timed and how it is put together, at sizes that tell nothing of speed."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from benchmarks import ranking_speed
from benchmarks.ranking_speed import Effort, busy_cores, measured, tails
from ranker.baseline import RetrievalOrder
from ranker.columns import Float32Array, Int32Array
from ranker.dataset import JudgedQuery, assemble
from ranker.train import TrainingSettings, train_dataset
from server.signals.reader import TableReader
from tests.benchmarks.shop_parts import drawn_questions
from tests.ranker.conftest import random_request

EFFORT = Effort(rounds=1, calls=2, blocks=1)


class Numbers:
    """Rows and numbers as a table's reader gives them."""

    def rows(self, ids: tuple[str, ...]) -> Int32Array:
        return np.arange(len(ids), dtype=np.int32)

    def numbers(self, rows: Int32Array) -> Float32Array:
        return np.zeros((13, len(rows)), np.float32)


def test_every_figure_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = []
    for seed in range(20):
        query, candidates = random_request(seed, 20)
        grades = (np.nan_to_num(candidates.text_similarity) > 0).astype(np.int32)
        lessons.append(JudgedQuery(query=query, candidates=candidates, grades=grades))
    settings = TrainingSettings(rounds=5, min_rows_in_leaf=5, threads=1)
    trained = train_dataset(assemble(lessons), seed=1, settings=settings)
    monkeypatch.setattr(ranking_speed, "CANDIDATES", 20)
    found = measured(
        drawn_questions(2, candidates=20),
        served=trained.ranker(),
        model=trained.model,
        reader=cast("TableReader", Numbers()),
        effort=EFFORT,
    )
    assert found["rank_call_over_predict"] > 0
    assert found["signals_lookup_ms"] >= 0
    assert found["trees"] == trained.rounds
    assert found["busy_p99_over_idle"] == pytest.approx(
        found["busy_p99_ms"] / found["idle_p99_ms"], rel=0.05
    )


def test_no_question_of_the_size_is_refused() -> None:
    with pytest.raises(SystemExit, match="200 candidates"):
        measured(
            drawn_questions(1, candidates=20),
            served=RetrievalOrder(),
            model="",
            reader=cast("TableReader", Numbers()),
            effort=EFFORT,
        )


def test_the_busy_processes_are_gone_afterwards() -> None:
    with busy_cores(1) as children:
        assert [child.poll() for child in children] == [None]
    assert all(child.returncode is not None for child in children)


def test_a_tail_is_of_all_blocks() -> None:
    calls: list[int] = []
    tails(calls.append, effort=Effort(rounds=1, calls=3, blocks=2))
    assert calls == [0, 1, 2] * 4
