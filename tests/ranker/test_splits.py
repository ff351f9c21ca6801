"""What trains and what is held out: no query on both sides, newer where there are times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.splits import folds, hold_out


def dataset(
    keys: list[str], *, times: list[float] | None = None, telling: list[bool] | None = None
) -> RankingDataset:
    """Queries of two rows; those that do not tell have equal grades."""
    tells = telling or [True] * len(keys)
    return RankingDataset(
        matrix=np.arange(2.0 * len(keys), dtype=np.float32)[:, None],
        labels=np.array([grade for tell in tells for grade in (1, 2 if tell else 1)], np.int32),
        sizes=np.full(len(keys), 2, dtype=np.int32),
        names=("f0",),
        directions=(0,),
        keys=tuple(keys),
        times=None if times is None else np.array(times),
    )


def test_a_share_of_keys_is_held_out_whole() -> None:
    keys = [f"query {place // 2}" for place in range(20)]
    split = hold_out(dataset(keys), share=0.3, seed=1)
    assert len(split.kept) == 14
    held = {keys[place] for place in split.held_out}
    assert len(held) == 3
    assert not held & {keys[place] for place in split.kept}


@given(
    telling=st.lists(st.booleans(), min_size=3, max_size=30).filter(lambda told: sum(told) >= 2),
    seed=st.integers(0, 5),
)
def test_both_sides_always_tell(telling: list[bool], seed: int) -> None:
    queries = dataset([""] * len(telling), telling=telling)
    split = hold_out(queries, share=0.05, seed=seed)
    told = np.array(telling)
    assert told[split.kept].any()
    assert told[split.held_out].any()
    assert sorted([*split.kept, *split.held_out]) == list(range(len(telling)))


def test_with_times_validation_is_newer_and_of_other_queries() -> None:
    keys = [f"query {place % 50}" for place in range(1000)]
    split = hold_out(dataset(keys, times=list(range(1000))), share=0.25, seed=2)
    assert split.kept.max() < split.held_out.min()
    assert not {keys[place] for place in split.kept} & {keys[place] for place in split.held_out}
    # The newest half of the searches, of them those of half of the queries.
    assert len(split.held_out) == 250
    assert len(split.kept) == 250


def test_no_span_of_time_left_is_said() -> None:
    # The only two queries that tell are as old as each other, everything else is new.
    keys = ["a", "b", *[f"c{place}" for place in range(8)]]
    times = [0.0, 0.0, *[9.0] * 8]
    with pytest.raises(RankingError) as caught:
        hold_out(dataset(keys, times=times, telling=[True] * 2 + [False] * 8), share=0.2, seed=1)
    assert caught.value.reason == "TOO_FEW_QUERIES"


@pytest.mark.parametrize(
    ("queries", "share", "reason"),
    [
        (dataset(["a", "b"]), 0.0, "TRAINING_SHARE"),
        (dataset(["a", "b"]), 1.0, "TRAINING_SHARE"),
        (dataset([]), 0.2, "TOO_FEW_QUERIES"),
        (dataset(["a"]), 0.2, "TOO_FEW_QUERIES"),
        (dataset(["a", "a", "a"]), 0.2, "TOO_FEW_QUERIES"),
        (dataset(["a", "b"], telling=[True, False]), 0.2, "TOO_FEW_QUERIES"),
        (dataset(["a", "b"], telling=[False, False]), 0.2, "NOTHING_TO_LEARN"),
    ],
)
def test_refuses(queries: RankingDataset, share: float, reason: str) -> None:
    with pytest.raises(RankingError) as caught:
        hold_out(queries, share=share, seed=1)
    assert caught.value.reason == reason


def test_folds_hold_every_query_out_once() -> None:
    keys = [f"query {place // 2}" for place in range(22)]
    splits = list(folds(dataset(keys), count=4, seed=3))
    held = [place for split in splits for place in split.held_out.tolist()]
    assert sorted(held) == list(range(22))
    for split in splits:
        assert not {keys[p] for p in split.kept} & {keys[p] for p in split.held_out}
        assert len(split.held_out) in (4, 6)


def test_too_few_queries_for_the_folds() -> None:
    with pytest.raises(RankingError, match="fewer folds"):
        list(folds(dataset(["a", "b"]), count=3, seed=1))


def test_taking_queries_takes_their_rows() -> None:
    queries = dataset(["a", "b", "c"], times=[1.0, 2.0, 3.0])
    taken = queries.take(np.array([2, 0]))
    assert taken.matrix[:, 0].tolist() == [4, 5, 0, 1]
    assert taken.keys == ("c", "a")
    assert taken.times is not None
    assert taken.times.tolist() == [3.0, 1.0]
