"""Versions and activations are kept as they were given, in SQLite and in PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from ranker.archive import unpack
from ranker.registry import load
from ranker.version_files import read_files
from server.catalog.changes import ChangeKind
from server.errors import DataCorrupted, FailedPrecondition, NotFound
from server.rankers.store import RankerStore
from server.rankers.tables import ranker_versions
from server.rankers.versions import SETTINGS, ActivationReason

VersionMaker = Callable[[str], Path]


@pytest.fixture
def kept(rankers: RankerStore, version: VersionMaker) -> str:
    directory = version("one")
    ranker = load(directory).id
    rankers.keep(ranker, read_files(directory))
    return ranker


def test_gives_back_what_it_keeps(
    rankers: RankerStore, kept: str, version: VersionMaker, tmp_path: Path
) -> None:
    unpack(rankers.archive(kept), tmp_path / "again")
    assert read_files(tmp_path / "again") == read_files(version("one"))
    (found,) = rankers.versions()
    assert found.id == kept
    assert found.metrics == {"ndcg@10": 0.75}
    assert found.provenance == {"data": "made up for one"}


def test_keeping_again_changes_nothing(
    rankers: RankerStore, kept: str, version: VersionMaker
) -> None:
    rankers.keep(kept, read_files(version("one")))
    assert [each.id for each in rankers.versions()] == [kept]


def test_an_id_stands_for_one_set_of_features(
    rankers: RankerStore, kept: str, version: VersionMaker
) -> None:
    files = read_files(version("one"))
    other = replace(files, manifest=replace(files.manifest, fingerprint="0" * 64))
    with pytest.raises(FailedPrecondition) as refusal:
        rankers.keep(kept, other)
    assert refusal.value.reason == "RANKER_ID_TAKEN"


def test_says_what_is_not_there_and_what_is_damaged(rankers: RankerStore, kept: str) -> None:
    with pytest.raises(NotFound) as missing:
        rankers.archive("none@000000000000")
    assert missing.value.reason == "RANKER_NOT_FOUND"
    with rankers._database.write() as connection:
        connection.execute(update(ranker_versions).values(archive=b"PK"))
    with pytest.raises(DataCorrupted) as damaged:
        rankers.archive(kept)
    assert damaged.value.reason == "RANKER_HASH"
    assert hashlib.sha256(b"PK").hexdigest() not in str(damaged.value)


def test_activations_are_in_order_and_logged(rankers: RankerStore, kept: str) -> None:
    assert rankers.active() == SETTINGS
    before = rankers._changes.latest()
    rankers.announce(kept)
    rankers.activate(kept, after=0, reason=ActivationReason.PROMOTE, activated_by="me")
    rankers.activate(SETTINGS, after=1, reason=ActivationReason.ROLLBACK, activated_by="you")
    first, second = rankers.activations()
    assert (first.number, first.ranker, first.activated_by) == (1, kept, "me")
    assert (second.ranker, second.reason) == (SETTINGS, ActivationReason.ROLLBACK)
    assert rankers.active() == SETTINGS
    noted = rankers._changes.since(before).changes
    assert [(change.kind, change.key) for change in noted] == [
        (ChangeKind.RANKER, kept),
        (ChangeKind.RANKER, ""),
        (ChangeKind.RANKER, ""),
    ]


def test_of_two_that_know_the_same_past_one_activates(rankers: RankerStore, kept: str) -> None:
    rankers.activate(kept, after=0, reason=ActivationReason.PROMOTE, activated_by="me")
    before = rankers._changes.latest()
    with pytest.raises(FailedPrecondition) as refusal:
        rankers.activate(SETTINGS, after=0, reason=ActivationReason.PROMOTE, activated_by="you")
    assert refusal.value.reason == "RANKER_CHANGED"
    assert rankers.active() == kept
    assert rankers._changes.latest() == before
