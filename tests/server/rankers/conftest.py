"""Small versions of rankers, and replicas over one store, each with a folder of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from ranker.features.schema import FEATURES
from ranker.registry import save
from ranker.train import TrainedRanker, TrainingSettings
from server.catalog.changes import ChangeKind
from server.catalog.following import ChangeFollower
from server.catalog.store import Store
from server.rankers.loading import RankerLoader
from server.rankers.promotion import Promoter
from server.rankers.replicas import Replicas
from server.rankers.served import ServedRanker
from server.rankers.store import RankerStore

ROWS = np.random.default_rng(5).normal(size=(64, len(FEATURES))).astype(np.float32)

VersionMaker = Callable[[str], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """What one server has: its own connections, folder, ranker and follower."""

    store: RankerStore
    replicas: Replicas
    served: ServedRanker
    folder: Path
    follower: ChangeFollower


ReplicaMaker = Callable[..., Replica]


def trained(name: str) -> TrainedRanker:
    """Another model for every name; its first tree's leaves are of the name's own size."""
    size = 1.0 + sum(name.encode()) % 97
    booster = lightgbm.train(
        {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 2, "num_leaves": 4},
        lightgbm.Dataset(ROWS, label=size * ROWS[:, 0]),
        num_boost_round=3,
    )
    return TrainedRanker(
        name=name,
        model=booster.model_to_string(),
        rounds=3,
        metrics={"ndcg@10": 0.75},
        sample=ROWS,
        settings=TrainingSettings(),
        seed=1,
    )


@pytest.fixture
def version(tmp_path: Path) -> VersionMaker:
    """Return the maker of version directories by name."""

    def make(name: str) -> Path:
        directory = tmp_path / "versions" / name
        save(directory, trained(name), provenance={"data": f"made up for {name}"})
        return directory

    return make


@pytest.fixture
def replica(store_url: str, version: VersionMaker, tmp_path: Path) -> Iterator[ReplicaMaker]:
    """Return the maker of replicas, whose settings name the version ``base``."""
    base, numbers = version("base"), itertools.count(1)
    with ExitStack() as closing:

        def make(*, named: Path | None = base, follows: bool = True) -> Replica:
            opened = Store(store_url)
            closing.callback(opened.close)
            folder = tmp_path / f"replica-{next(numbers)}"
            rankers = RankerStore(opened.database, changes=opened.changes)
            replicas = Replicas(opened.database)
            loader = RankerLoader(rankers, folder=folder, named=named)
            served = ServedRanker(rankers, replicas=replicas, loader=loader)
            closing.callback(served.close)
            follower = ChangeFollower(opened.changes)
            follower.on(ChangeKind.RANKER, served.take_up, reload=served.take_up)
            if follows:
                closing.callback(follower.close)
                served.start()
                follower.start()
            return Replica(
                store=rankers, replicas=replicas, served=served, folder=folder, follower=follower
            )

        yield make


@pytest.fixture
def promoter(store_url: str) -> Iterator[Promoter]:
    """Return what the command line promotes with: a process of its own would have the same."""
    opened = Store(store_url)
    rankers = RankerStore(opened.database, changes=opened.changes)
    # The replicas here live; a machine that stands still makes none of them a silent one.
    yield Promoter(rankers, replicas=Replicas(opened.database), wait_seconds=120.0)
    opened.close()


@pytest.fixture
def rankers(store_url: str) -> Iterator[RankerStore]:
    """Return the store of rankers, empty."""
    opened = Store(store_url)
    yield RankerStore(opened.database, changes=opened.changes)
    opened.close()
