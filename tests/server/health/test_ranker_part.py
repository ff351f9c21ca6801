"""The doctor's look at the ranker: the one that a server would serve, and whether it can."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from ranker.registry import load, save
from server.catalog.store import Store
from server.health.check import State
from server.health.ranker_part import ranker
from server.rankers.promotion import Promoter
from server.rankers.replicas import Replicas
from server.rankers.store import RankerStore
from server.rankers.tables import ranker_versions
from server.settings import Settings, load_settings
from tests.server.rankers.conftest import trained


@pytest.fixture
def named(tmp_path: Path) -> Path:
    save(tmp_path / "base", trained("base"), provenance={})
    return tmp_path / "base"


def settings(tmp_path: Path, **flags: object) -> Settings:
    return load_settings(flags={"data": tmp_path / "data", **flags})


def test_the_one_of_the_settings_on_its_engine(tmp_path: Path, named: Path) -> None:
    flags = {"ranking.ranker": named, "ranking.engine": "lightgbm"}
    check = ranker(settings(tmp_path, **flags))
    assert check.state is State.OK
    assert check.found == f"{load(named).id}, run by lightgbm (the settings ask for LightGBM)"
    assert not (tmp_path / "data").exists(), "a check makes no store"


def test_one_that_is_not_there_fails(tmp_path: Path) -> None:
    check = ranker(settings(tmp_path, **{"ranking.ranker": tmp_path}))
    assert check.state is State.FAILED
    assert str(tmp_path) in check.found


def test_off_is_no_failure(tmp_path: Path) -> None:
    assert ranker(settings(tmp_path, **{"ranking.enabled": False})).state is State.ABSENT


def test_the_promoted_one_whole_and_damaged(tmp_path: Path, named: Path) -> None:
    save(tmp_path / "newer", trained("newer"), provenance={})
    given = settings(tmp_path, **{"ranking.ranker": named})
    store = Store(given.store_url)
    rankers = RankerStore(store.database, changes=store.changes)
    promoter = Promoter(rankers, replicas=Replicas(store.database))
    promoted = promoter.promote_directory(tmp_path / "newer", by="test").ranker
    assert ranker(given).found.startswith(f"{promoted}, run by ")
    with store.database.write() as connection:
        connection.execute(update(ranker_versions).values(archive=b"PK"))
    store.close()
    check = ranker(given)
    assert check.state is State.FAILED
    assert check.found == f"{promoted}: RANKER_HASH; {load(named).id} would be served instead"
    assert "rollback" in check.remedy


def test_a_store_that_is_none_fails(tmp_path: Path, named: Path) -> None:
    given = settings(tmp_path, **{"ranking.ranker": named})
    given.data.mkdir()
    (given.data / "products.db").write_bytes(b"not a database, but long enough to look at" * 9)
    check = ranker(given)
    assert check.state is State.FAILED
    assert "store" in check.remedy
