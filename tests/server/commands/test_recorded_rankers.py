"""Versions are found by the ids in recorded searches: in the settings, in the store, or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ranker import registry
from ranker.features.schema import FEATURES
from ranker.version_files import read_files
from server.catalog.store import Store
from server.commands.recorded_rankers import recorded_rankers, served_version
from server.rankers.store import RankerStore
from server.rankers.versions import ActivationReason
from server.settings import RankingSettings, Settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'products.db'}")) as opened:
        yield opened


def promoted(store: Store, version: Path) -> str:
    """Put a version into the store and serve it; its id."""
    kept, ranker_id = RankerStore(store.database, changes=store.changes), registry.load(version).id
    kept.keep(ranker_id, read_files(version))
    kept.activate(ranker_id, after=0, reason=ActivationReason.PROMOTE, activated_by="test")
    return ranker_id


def named(version: Path | None) -> Settings:
    return Settings(ranking=RankingSettings(ranker=version))


def test_the_version_of_the_settings(store: Store, version: Path, tmp_path: Path) -> None:
    find = recorded_rankers(named(version), store, folder=tmp_path)
    ranker_id = registry.load(version).id
    found = find(ranker_id)
    assert found is not None
    assert found.id == ranker_id
    assert find(ranker_id) is found
    assert served_version(named(version), store, folder=tmp_path) == version


def test_a_version_of_the_store(store: Store, version: Path, tmp_path: Path) -> None:
    ranker_id = promoted(store, version)
    found = recorded_rankers(named(None), store, folder=tmp_path)(ranker_id)
    assert found is not None
    matrix = np.zeros((2, len(FEATURES)), dtype=np.float32)
    np.testing.assert_allclose(found.score(matrix), registry.load(version).score(matrix), atol=1e-5)
    served = served_version(named(None), store, folder=tmp_path)
    assert (served / "reference.json").read_bytes() == (version / "reference.json").read_bytes()


@pytest.mark.parametrize("ranker_id", ["retrieval", "lost@000000000000", "", "../../etc"])
def test_what_is_nowhere(store: Store, tmp_path: Path, ranker_id: str) -> None:
    assert recorded_rankers(named(None), store, folder=tmp_path)(ranker_id) is None


def test_a_version_that_is_refused_is_not_there(
    store: Store, version: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited"
    edited.mkdir()
    for file in version.iterdir():
        (edited / file.name).write_bytes(file.read_bytes())
    ranker_id = registry.load(edited).id
    with (edited / "model.txt").open("a", encoding="utf-8") as model:
        model.write("x")
    assert recorded_rankers(named(edited), store, folder=tmp_path)(ranker_id) is None


def test_without_any_the_one_that_ships_is_served(store: Store, tmp_path: Path) -> None:
    assert served_version(named(None), store, folder=tmp_path) == registry.DEFAULT_DIRECTORY
