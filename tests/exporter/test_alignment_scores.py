"""Retrieval figures worked out by hand."""

import math

import numpy as np
import pytest

from exporter.alignment_scores import Scores, score

VECTORS = np.eye(3, dtype=np.float32)


def test_a_perfect_ranking() -> None:
    embeddings = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    scores = score(embeddings, captions=[[0], [1]], caption_vectors=VECTORS)
    assert scores == Scores(queries=2, ndcg_at_10=1.0, recall_at_1=1.0, recall_at_10=1.0)


def test_by_hand() -> None:
    """Caption 0 has pictures 0 and 2, which come first and third of three."""
    embeddings = np.array([[0.9, 0, 0], [0.5, 0, 0], [0.1, 0, 0]], np.float32)
    scores = score(embeddings, captions=[[0], [], [0]], caption_vectors=VECTORS)
    gained = 1 + 1 / math.log2(4)
    ideal = 1 + 1 / math.log2(3)
    assert scores.queries == 1
    assert scores.recall_at_1 == 1.0
    assert scores.ndcg_at_10 == pytest.approx(gained / ideal)
    assert scores.recall_at_10 == 1.0


def test_beyond_ten_only_ten_can_be_found() -> None:
    embeddings = np.tile(np.array([[1.0, 0, 0]], np.float32), (12, 1))
    captions: list[list[int]] = [[1]] * 2 + [[0]] * 10
    scores = score(embeddings, captions=captions, caption_vectors=VECTORS)
    # Caption 0: all equal, so the order is the pictures': eight of ten found at ranks 3 to 10.
    # Caption 1: both found, first.
    discounts = [1 / math.log2(rank + 1) for rank in range(1, 11)]
    assert scores.recall_at_1 == 0.5
    assert scores.recall_at_10 == pytest.approx((0.8 + 1) / 2)
    assert scores.ndcg_at_10 == pytest.approx((sum(discounts[2:]) / sum(discounts) + 1) / 2)


def test_many_queries_are_ranked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    pictures, texts = (random.normal(size=(40, 3)).astype(np.float32) for _ in range(2))
    captions = [[row, (row + 1) % 40] for row in range(40)]
    whole = score(pictures, captions=captions, caption_vectors=texts)
    monkeypatch.setattr("exporter.alignment_scores._CELLS_AT_ONCE", 120)
    assert score(pictures, captions=captions, caption_vectors=texts) == whole


def test_nothing_to_ask() -> None:
    empty = np.zeros((0, 3), np.float32)
    assert score(empty, captions=[], caption_vectors=VECTORS).queries == 0
