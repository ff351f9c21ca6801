"""Measures of answers, worked by hand."""

from __future__ import annotations

import math

import pytest

from server.evaluation.quality import Answer, Quality, quality_of, summary


@pytest.mark.parametrize(
    ("ids", "grades", "quality"),
    [
        (["a", "b"], {"a": 2, "b": 1}, (1.0, 1.0, 1.0)),
        # The wrong one first: 1 + 3 over log2(3) is gained of 3 + 1 over log2(3).
        (["b", "a"], {"a": 2, "b": 1}, ((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)), 1.0, 1.0)),
        (["x"] * 5 + ["a"], {"a": 1}, (1 / math.log2(7), 1.0, 0.0)),
        (["x"] * 10 + ["a"], {"a": 1, "b": 1}, (0.0, 0.5, 0.0)),
        (["x"] * 50 + ["a"], {"a": 1}, (0.0, 0.0, 0.0)),
        ([], {"a": 1}, (0.0, 0.0, 0.0)),
    ],
)
def test_quality(
    ids: list[str], grades: dict[str, float], quality: tuple[float, float, float]
) -> None:
    found = quality_of(ids, grades)
    assert (found.ndcg_10, found.recall_50, found.success_5) == pytest.approx(quality)


def quality(value: float) -> Quality:
    return Quality(ndcg_10=value, recall_50=value / 2, success_5=1.0)


def test_the_summary_has_every_mean() -> None:
    answers = [
        Answer(language="zh", served=quality(0.4), retrieval=quality(0.2)),
        Answer(language="en", served=quality(0.8), retrieval=quality(0.6)),
        Answer(language="en", served=quality(0.6), retrieval=quality(0.4)),
    ]
    assert summary(answers) == {
        "queries": 3,
        "ndcg@10": 0.6,
        "recall@50": 0.3,
        "success@5": 1.0,
        "by_language": {
            "en": {"queries": 2, "ndcg@10": 0.7, "recall@50": 0.35, "success@5": 1.0},
            "zh": {"queries": 1, "ndcg@10": 0.4, "recall@50": 0.2, "success@5": 1.0},
        },
        "retrieval_only": {
            "ndcg@10": 0.4,
            "recall@50": 0.2,
            "success@5": 1.0,
            "by_language": {
                "en": {"ndcg@10": 0.5, "recall@50": 0.25, "success@5": 1.0},
                "zh": {"ndcg@10": 0.2, "recall@50": 0.1, "success@5": 1.0},
            },
        },
    }


def test_without_answers_there_are_no_means() -> None:
    empty = summary([])
    assert empty["queries"] == 0
    assert empty["ndcg@10"] is None
    assert empty["by_language"] == {}
