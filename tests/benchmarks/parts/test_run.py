"""What `bench parts` asks of which shop."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.parts.run import judged_texts, spread, workload_of
from server.errors import InvalidRequest
from server.evaluation.judged import JudgedQuery
from tests.benchmarks.workloads.small_shop import write_small_shop


def query(line: int) -> JudgedQuery:
    return JudgedQuery(line=line, text=str(line), picture=None, language="en", grades={"a": 1})


def test_timed_queries_are_spread_over_the_file() -> None:
    judged = [query(line) for line in range(10)]
    assert [each.line for each in spread(judged, 4)] == [0, 2, 5, 7]
    assert spread(judged[:3], 4) == judged[:3]


def test_the_workload_is_the_files_queries_of_words(tmp_path: Path) -> None:
    shop = write_small_shop(tmp_path)
    judged = judged_texts(shop.queries)
    workload = workload_of(shop.catalogue, shop.queries, judged)
    assert [question.query_id for question in workload.questions] == ["1", "2", "3", "4"]
    assert len(workload.data) == 64


def test_a_file_without_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("", "utf-8")
    with pytest.raises(InvalidRequest, match="no judged query of words"):
        judged_texts(tmp_path / "empty.jsonl")
