"""The linear twin is a ranking SVM: its weights by hand, and robust to what data may hold."""

from __future__ import annotations

import numpy as np
import pytest

from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.linear import LinearRanker, train_linear


def dataset(rows: list[list[float]], labels: list[int], sizes: list[int]) -> RankingDataset:
    width = len(rows[0])
    return RankingDataset(
        matrix=np.array(rows, dtype=np.float32),
        labels=np.array(labels, dtype=np.int32),
        sizes=np.array(sizes, dtype=np.int32),
        names=tuple(f"f{place}" for place in range(width)),
        directions=(0,) * width,
    )


def test_one_pair_by_hand() -> None:
    # Standardised to 1 and -1, the difference is 2: w minimises 0.01 / 2 w² + (1 - 2 w)².
    # 0.01 w = 4 (1 - 2 w), so w = 4 / 8.01; scores are w and -w.
    scores = train_linear(dataset([[3.0], [1.0]], [1, 0], [2]), seed=1, l2=0.01).score(
        np.array([[3.0], [1.0], [2.0]], dtype=np.float32)
    )
    np.testing.assert_allclose(scores, [4 / 8.01, -4 / 8.01, 0.0], rtol=1e-5)


def test_pairs_beyond_the_margin_have_no_say() -> None:
    # Pairs of differences 1 and 100 (in units of the first): a hinge forgets the second, so the
    # first is told apart by the full margin, which a least squares fit would not do.
    rows = [[1.0], [0.0], [100.0], [0.0]]
    found = train_linear(dataset(rows, [1, 0, 1, 0], [2, 2]), seed=1, l2=1e-6)
    one, nothing = found.score(np.array([[1.0], [0.0]], dtype=np.float32))
    assert one - nothing == pytest.approx(1.0, abs=0.01)


def test_shrinks_with_l2() -> None:
    pair = dataset([[3.0], [1.0]], [1, 0], [2])
    top = np.array([[3.0]], dtype=np.float32)
    scores = [float(train_linear(pair, seed=1, l2=l2).score(top)[0]) for l2 in (0.01, 1.0, 100.0)]
    assert scores[0] > scores[1] > scores[2] > 0


def test_unknown_infinite_and_constant_values_do_no_harm() -> None:
    rows = [[1.0, np.nan, 5.0], [0.0, np.inf, 5.0], [1.0, 2.0, 5.0], [0.0, -np.inf, 5.0]]
    found = train_linear(dataset(rows, [1, 0, 1, 0], [2, 2]), seed=1)
    scores = found.score(np.array(rows, dtype=np.float32))
    assert np.isfinite(scores).all()
    assert scores[2] > scores[3]


def test_a_long_query_is_sampled() -> None:
    rng = np.random.default_rng(1)
    column = rng.standard_normal((20_000, 1)).astype(np.float32)
    long = RankingDataset(
        matrix=column,
        labels=(column[:, 0] > 0).astype(np.int32),
        sizes=np.array([20_000], dtype=np.int32),
        names=("f0",),
        directions=(0,),
    )
    scores = train_linear(long, seed=1).score(np.array([[1.0], [-1.0]], dtype=np.float32))
    assert scores[0] > scores[1]


def test_nothing_to_tell_apart_is_refused() -> None:
    with pytest.raises(RankingError) as caught:
        train_linear(dataset([[1.0], [2.0]], [1, 1], [2]), seed=1)
    assert caught.value.reason == "NOTHING_TO_LEARN"


def test_another_width_is_refused() -> None:
    found = train_linear(dataset([[3.0], [1.0]], [1, 0], [2]), seed=1)
    with pytest.raises(RankingError, match="takes"):
        found.score(np.zeros((1, 2), dtype=np.float32))
    with pytest.raises(RankingError, match="takes"):
        found.shap(np.zeros((1, 2), dtype=np.float32))
    with pytest.raises(RankingError, match="no families"):
        found.contributions(np.zeros((1, 1), dtype=np.float32))


def test_an_id_is_given_or_of_the_weights() -> None:
    found = train_linear(dataset([[3.0], [1.0]], [1, 0], [2]), seed=1)
    assert found.id.startswith("linear@")
    again = LinearRanker(found.weights, standardisation=found.standardisation)
    assert again.id == found.id
    other = LinearRanker(found.weights + 1, standardisation=found.standardisation)
    assert other.id != found.id
    named = LinearRanker(found.weights, standardisation=found.standardisation, named="one/linear")
    assert named.id == "one/linear"
