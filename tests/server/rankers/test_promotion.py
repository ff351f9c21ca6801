"""Promotion and rollback over real replicas: all or none, and back to what was before."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ranker.errors import ModelRefused
from ranker.registry import load
from server.errors import FailedPrecondition, NotFound
from server.rankers.promotion import Promoter
from server.rankers.store import RankerStore
from server.rankers.versions import SETTINGS

VersionMaker = Callable[[str], Path]
ReplicaMaker = Callable[..., Any]

PATIENCE_SECONDS = 60.0

# What is tested does not depend on the store, and each promotion takes a second.
one_store = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def wait_until(serves: Callable[[], bool]) -> float:
    """Seconds until it is so."""
    started = time.monotonic()
    while not serves():
        assert time.monotonic() - started < PATIENCE_SECONDS
        time.sleep(0.002)
    return time.monotonic() - started


def test_promotes_and_rolls_back_in_every_replica(
    replica: ReplicaMaker,
    promoter: Promoter,
    version: VersionMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replicas = [replica(), replica()]
    base = replicas[0].served.current.id
    loaded: list[str] = []
    swaps: list[float] = []
    for each in replicas:

        def archive(ranker: str, whole: Callable[[str], bytes] = each.store.archive) -> bytes:
            loaded.append(ranker)
            return whole(ranker)

        monkeypatch.setattr(each.store, "archive", archive)

    def served_everywhere(ranker: str) -> None:
        """A swap at the next look at the store, which has nothing left to load."""
        before = list(loaded)
        swaps.append(wait_until(lambda: all(r.served.current.id == ranker for r in replicas)))
        assert loaded == before

    first = promoter.promote_directory(version("first"), by="test")
    assert (first.replaced, first.ready, first.silent) == (SETTINGS, 2, 0)
    served_everywhere(first.ranker)
    second = promoter.promote_directory(version("second"), by="test")
    assert second.replaced == first.ranker
    served_everywhere(second.ranker)
    assert promoter.rollback(by="test").ranker == first.ranker
    served_everywhere(first.ranker)
    assert promoter.rollback(by="test").ranker == SETTINGS
    served_everywhere(base)
    with pytest.raises(FailedPrecondition) as refusal:
        promoter.rollback(by="test")
    assert refusal.value.reason == "RANKER_NO_EARLIER"
    print(f"seconds from activation to the last replica: {[round(each, 3) for each in swaps]}")  # noqa: T201
    assert sorted(loaded) == sorted([first.ranker, second.ranker] * 2)


@one_store
def test_a_version_that_is_refused_here_reaches_no_replica(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker, rankers: RankerStore
) -> None:
    served = replica().served
    before = served.current
    broken = version("broken")
    (broken / "model.txt").write_bytes((broken / "model.txt").read_bytes()[:-9])
    with pytest.raises(ModelRefused) as refusal:
        promoter.promote_directory(broken, by="test")
    assert refusal.value.reason == "RANKER_HASH"
    assert rankers.versions() == []
    assert served.current is before


@one_store
def test_a_version_that_one_replica_refuses_is_served_by_none(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker, rankers: RankerStore
) -> None:
    well, full = replica(), replica()
    full.folder.touch()  # no folder can be made there
    before = well.served.current
    with pytest.raises(FailedPrecondition) as refusal:
        promoter.promote_directory(version("first"), by="test")
    assert refusal.value.reason == "RANKER_REFUSED"
    assert rankers.activations() == []
    assert well.served.current is before
    assert full.served.refused.reason == "RANKER_FOLDER"
    full.folder.unlink()
    done = promoter.promote_directory(version("first"), by="test")
    assert done.ready == 2
    wait_until(lambda: full.served.current.id == done.ranker)
    assert full.served.refused is None


@one_store
def test_a_replica_that_was_killed_is_waited_for_once(
    replica: ReplicaMaker, rankers: RankerStore, version: VersionMaker
) -> None:
    gone = replica(follows=False)
    gone.replicas.enter()
    promoter = Promoter(rankers, replicas=gone.replicas, wait_seconds=0.2)
    assert promoter.promote_directory(version("first"), by="test").silent == 1
    assert promoter.promote_directory(version("second"), by="test").silent == 0


@one_store
def test_a_stored_version_is_promoted_by_its_id(promoter: Promoter, version: VersionMaker) -> None:
    first = promoter.promote_directory(version("first"), by="test").ranker
    promoter.promote_directory(version("second"), by="test")
    shutil.rmtree(version("first"))
    assert promoter.promote_stored(first, by="test").ranker == first
    again = promoter.promote_stored(first, by="test")
    assert (again.ranker, again.replaced) == (first, first)
    with pytest.raises(NotFound):
        promoter.promote_stored("none@000000000000", by="test")


@one_store
def test_promoting_what_serves_adds_no_step_to_go_back(
    promoter: Promoter, version: VersionMaker, rankers: RankerStore
) -> None:
    promoter.promote_directory(version("first"), by="test")
    promoter.promote_directory(version("first"), by="test")
    assert len(rankers.activations()) == 1
    assert rankers.active() == load(version("first")).id
