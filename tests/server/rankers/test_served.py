"""The served ranker: what a server starts with, and a swap that no request notices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from ranker import registry
from ranker.errors import ModelRefused
from ranker.features.schema import FEATURES
from ranker.registry import load
from ranker.version_files import read_files
from server.catalog.changes import Change, ChangeKind
from server.errors import Unavailable
from server.rankers.health import Refused
from server.rankers.promotion import Promoter
from server.rankers.store import RankerStore
from server.rankers.tables import ranker_versions
from server.rankers.versions import SETTINGS, ActivationReason

VersionMaker = Callable[[str], Path]
ReplicaMaker = Callable[..., Any]

ROWS = np.random.default_rng(9).normal(size=(200, len(FEATURES))).astype(np.float32)
THREADS = 2

one_store = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
real_server = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


@real_server
def test_swaps_under_load_without_a_failed_or_a_mixed_answer(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker
) -> None:
    loaded = [load(version(name)) for name in ("base", "first")]
    expected = {each.id: each.score(ROWS) for each in loaded}
    served = [replica().served, replica().served]
    answered: list[set[str]] = [set() for _ in range(THREADS)]
    failures: list[str] = []
    stop = threading.Event()

    def ask(place: int) -> None:
        source = served[place % len(served)]
        while not stop.is_set():
            ranker = source.current
            scores = ranker.score(ROWS)
            answered[place].add(ranker.id)
            if not np.array_equal(scores, expected[ranker.id]):
                failures.append(ranker.id)

    def all_answered_by(ranker: str) -> bool:
        return all(ranker in ids for ids in list(answered))

    threads = [threading.Thread(target=ask, args=(place,), daemon=True) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        pause_until(lambda: all_answered_by(loaded[0].id))
        done = promoter.promote_directory(version("first"), by="test")
        assert (done.ready, done.silent) == (2, 0)
        pause_until(lambda: all(each.current.id == loaded[1].id for each in served))
        pause_until(lambda: all_answered_by(loaded[1].id))
        promoter.rollback(by="test")
        pause_until(lambda: all(each.current.id == loaded[0].id for each in served))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert all(ids == set(expected) for ids in answered)


def pause_until(so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(6_000):
        if so():
            return
        pause.wait(0.01)
    pytest.fail("the replicas did not take the ranker up")


@one_store
def test_a_restart_serves_what_was_promoted(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker
) -> None:
    ranker = promoter.promote_directory(version("first"), by="test").ranker
    assert replica(follows=False).served.current.id == ranker


@one_store
def test_starts_with_the_one_before_where_the_promoted_one_is_damaged(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker, rankers: RankerStore
) -> None:
    first = promoter.promote_directory(version("first"), by="test").ranker
    second = promoter.promote_directory(version("second"), by="test").ranker
    with rankers._database.write() as connection:
        damage = update(ranker_versions).where(ranker_versions.c.id == second)
        connection.execute(damage.values(archive=b"PK"))
    served = replica(follows=False).served
    assert served.current.id == first
    assert str(served.refused) == f"{second}: RANKER_HASH"
    assert served.health.refused == served.refused
    assert served.health.ranker == first


@one_store
def test_starts_in_any_case_where_one_was_promoted(
    replica: ReplicaMaker,
    rankers: RankerStore,
    version: VersionMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = version("first")
    ranker = load(directory).id
    rankers.keep(ranker, read_files(directory))
    rankers.activate(ranker, after=0, reason=ActivationReason.PROMOTE, activated_by="test")
    with rankers._database.write() as connection:
        connection.execute(update(ranker_versions).values(archive=b"PK"))
    assert replica(follows=False).served.current.id == load(version("base")).id
    absent = tmp_path / "absent"
    monkeypatch.setattr(registry, "DEFAULT_DIRECTORY", version("shipped"))
    shipped = replica(follows=False, named=absent).served
    assert shipped.current.id == load(version("shipped")).id
    monkeypatch.setattr(registry, "DEFAULT_DIRECTORY", absent)
    served = replica(follows=False, named=absent).served
    assert served.current.id == "retrieval"
    assert str(served.refused) == f"{ranker}: RANKER_HASH"


@one_store
def test_a_broken_ranker_of_the_settings_is_told_where_none_was_promoted(
    replica: ReplicaMaker, tmp_path: Path
) -> None:
    with pytest.raises(ModelRefused) as refusal:
        replica(follows=False, named=tmp_path / "absent")
    assert refusal.value.reason == "RANKER_NOT_FOUND"


@one_store
def test_takes_up_what_was_never_announced(
    replica: ReplicaMaker, rankers: RankerStore, version: VersionMaker
) -> None:
    """As when its answer came too late, or changes were missed."""
    served = replica().served
    directory = version("first")
    ranker = load(directory).id
    rankers.keep(ranker, read_files(directory))
    rankers.activate(ranker, after=0, reason=ActivationReason.PROMOTE, activated_by="test")
    pause_until(lambda: served.current.id == ranker)


@one_store
def test_keeps_serving_and_comes_back_where_the_store_is_away(
    replica: ReplicaMaker,
    rankers: RankerStore,
    version: VersionMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = replica()
    before = one.served.current
    directory = version("first")
    ranker = load(directory).id
    rankers.keep(ranker, read_files(directory))
    asked = threading.Event()
    archive = one.store.archive

    def away(ranker: str) -> bytes:
        if not asked.is_set():
            asked.set()
            raise Unavailable("away")
        found: bytes = archive(ranker)
        return found

    monkeypatch.setattr(one.store, "archive", away)
    change = Change(number=1, kind=ChangeKind.RANKER, catalog="", key=ranker, own=False)
    one.served.take_up([change])
    assert asked.wait(60)
    assert one.served.current is before
    pause_until(lambda: one.replicas.own in one.replicas.answers(ranker).ready)
    assert one.served.refused is None


@one_store
def test_holds_a_few_rankers_and_their_files(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker
) -> None:
    one = replica()
    ids = [
        promoter.promote_directory(version(name), by="test").ranker
        for name in ("first", "second", "third")
    ]
    pause_until(lambda: one.served.current.id == ids[-1])
    kept = sorted(path.name for path in one.folder.iterdir() if path.name[0] != ".")
    assert kept == sorted(ids)
    # The ranker of the settings was held too, until the third took its room.
    assert one.replicas.own not in one.replicas.answers(SETTINGS).ready
    assert one.replicas.own in one.replicas.answers(ids[0]).ready


@one_store
def test_who_closes_is_listed_no_longer(replica: ReplicaMaker) -> None:
    one = replica()
    assert one.replicas.answers("any").silent == {one.replicas.own}
    one.served.close()
    one.served.close()
    assert one.replicas.answers("any").silent == frozenset()


@one_store
def test_a_refused_version_is_unhealthy_only_while_it_is_the_promoted_one(
    replica: ReplicaMaker, promoter: Promoter, version: VersionMaker, rankers: RankerStore
) -> None:
    one = replica()
    directory = version("first")
    ranker = load(directory).id
    rankers.keep(ranker, read_files(directory))
    one.folder.touch()  # no folder can be made there
    rankers.announce(ranker)
    pause_until(lambda: one.served.refused is not None)
    assert one.served.refused == Refused(ranker=ranker, reason="RANKER_FOLDER")
    assert one.served.health.refused is None
    rankers.activate(ranker, after=0, reason=ActivationReason.PROMOTE, activated_by="test")
    pause_until(lambda: one.served.health.refused is not None)
    assert one.served.health.refused == one.served.refused
    one.folder.unlink()
    promoter.promote_stored(ranker, by="test")
    pause_until(lambda: one.served.current.id == ranker)
    assert one.served.health.refused is None
