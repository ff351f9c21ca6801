"""Catalogs of several bundles, and what a replacement leaves to those who search meanwhile."""

from __future__ import annotations

import threading

import pytest

from server.catalog.catalogs import Catalog, Catalogs
from server.catalog.store import Store
from server.deadline import Deadline
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.errors import FailedPrecondition, NotFound, Unavailable
from server.retrieval.exact import ExactEngine
from tests.server.encoders.shelf_parts import SmallEncoder, manifest, opened

A, B = manifest("a", dimension=2), manifest("b", dimension=3)


@pytest.fixture
def engine() -> ExactEngine:
    return ExactEngine()


@pytest.fixture
def shelf() -> EncoderShelf:
    made = EncoderShelf(open_encoder=opened, recorder=RequestRecorder())
    made.put(SmallEncoder(A))
    return made


@pytest.fixture
def catalogs(store: Store, engine: ExactEngine, shelf: EncoderShelf) -> Catalogs:
    return _catalogs(store, engine, shelf)


def _catalogs(
    store: Store, engine: ExactEngine, shelf: EncoderShelf, *, drain_seconds: float = 20.0
) -> Catalogs:
    made = Catalogs(
        store=store, engine=engine, shelf=shelf, fold=str.casefold, drain_seconds=drain_seconds
    )
    made.load()
    return made


def test_a_replacement_is_of_the_current_bundle_and_each_is_served_with_its_own(
    catalogs: Catalogs, shelf: EncoderShelf
) -> None:
    catalogs.to_write("shop", bundle_id=A.id)
    catalogs.to_write("other", bundle_id=A.id)
    shelf.put(SmallEncoder(B))
    shelf.promote(B.id)

    with catalogs.replacing("shop") as fresh:
        assert fresh.index.dimension == 3
        with catalogs.serving("shop") as (catalog, encoder):
            assert catalog.bundle_id == encoder.manifest.id == A.id

    for name, bundle in (("shop", B), ("other", A)):
        with catalogs.serving(name) as (catalog, encoder):
            assert catalog.bundle_id == encoder.manifest.id == bundle.id
            assert catalog.index.dimension == catalogs.dimension(name) == bundle.dimension
    assert catalogs.dimension("absent") == 3
    assert [(each.manifest.id, each.users) for each in shelf.bundles()] == [
        (A.id, ("other",)),
        (B.id, ("shop",)),
    ]


def test_an_old_build_and_its_bundle_stay_until_its_last_search_has_ended(
    catalogs: Catalogs, shelf: EncoderShelf, engine: ExactEngine
) -> None:
    old = catalogs.to_write("shop", bundle_id=A.id)
    shelf.put(SmallEncoder(B))
    shelf.promote(B.id)
    replaced = threading.Event()

    def replace() -> None:
        with catalogs.replacing("shop"):
            pass
        replaced.set()

    with catalogs.serving("shop") as (catalog, encoder):
        thread = threading.Thread(target=replace, daemon=True)
        thread.start()
        _until_served(catalogs, B.id)
        shelf.close(A.id)
        assert not replaced.is_set()
        assert catalog is old
        assert engine.open(old.index.name) is old.index
        assert encoder.encode_texts(["still here"], deadline=Deadline.never()).shape == (1, 2)
    thread.join(60)

    assert replaced.is_set()
    assert engine.names() == [catalogs.get("shop").index.name]
    assert isinstance(encoder, SmallEncoder)
    assert encoder.closings == 1


def _until_served(catalogs: Catalogs, bundle_id: str) -> None:
    waited = threading.Event()
    for _ in range(2_000):
        if catalogs.get("shop").bundle_id == bundle_id:
            return
        waited.wait(0.01)
    pytest.fail("the replacement was never served")


def test_what_a_search_holds_too_long_is_dropped_by_the_next_replacement(
    store: Store, engine: ExactEngine, shelf: EncoderShelf
) -> None:
    catalogs = _catalogs(store, engine, shelf, drain_seconds=0.01)
    first = catalogs.to_write("shop", bundle_id=A.id)
    with catalogs.serving("shop"):
        with catalogs.replacing("shop") as second:
            pass
        assert sorted(engine.names()) == sorted([first.index.name, second.index.name])
    with catalogs.replacing("shop") as third:
        pass
    assert engine.names() == [third.index.name]


def test_nobody_writes_to_a_catalog_that_is_being_replaced(catalogs: Catalogs) -> None:
    catalogs.to_write("shop", bundle_id=A.id)
    with catalogs.replacing("shop"):
        for work in (
            lambda: catalogs.bundle_to_write("shop"),
            lambda: catalogs.to_write("shop", bundle_id=A.id),
            lambda: catalogs.to_delete_from("shop"),
            lambda: catalogs.replacing("shop").__enter__(),
        ):
            with pytest.raises(Unavailable) as caught:
                work()
            assert caught.value.reason == "CATALOG_BEING_REPLACED"
        assert catalogs.to_write("other", bundle_id=A.id).name == "other"
    assert catalogs.to_delete_from("shop") is catalogs.to_write("shop", bundle_id=A.id)


def test_what_was_embedded_with_another_bundle_is_not_written(
    catalogs: Catalogs, shelf: EncoderShelf
) -> None:
    catalogs.to_write("shop", bundle_id=A.id)
    held = catalogs.bundle_to_write("shop")
    shelf.put(SmallEncoder(B))
    shelf.promote(B.id)
    with catalogs.replacing("shop"):
        pass

    with pytest.raises(Unavailable) as caught:
        catalogs.to_write("shop", bundle_id=held.manifest.id)

    assert caught.value.reason == "CATALOG_REPLACED"
    shelf.close(A.id)
    held.give_back()


def test_catalogs_of_a_bundle_that_is_opened_later_open_too(
    store: Store, engine: ExactEngine, shelf: EncoderShelf, catalogs: Catalogs
) -> None:
    catalogs.to_write("shop", bundle_id=A.id)
    again = EncoderShelf(open_encoder=opened, recorder=RequestRecorder())
    again.put(SmallEncoder(B))
    later = _catalogs(store, engine, again)
    with pytest.raises(FailedPrecondition):
        later.get("shop")
    prepared: list[Catalog] = []

    again.put(SmallEncoder(A))
    later.load(prepare=prepared.append)

    assert [later.get("shop")] == prepared
    assert [each.users for each in again.bundles()] == [("shop",), ()]


def test_a_catalog_that_cannot_be_prepared_is_not_served_and_holds_nothing(
    store: Store, engine: ExactEngine, shelf: EncoderShelf, catalogs: Catalogs
) -> None:
    catalogs.to_write("shop", bundle_id=A.id)
    again = EncoderShelf(open_encoder=opened, recorder=RequestRecorder())
    again.put(SmallEncoder(A))
    later = Catalogs(store=store, engine=engine, shelf=again, fold=str.casefold)

    def fail(_: Catalog) -> None:
        raise Unavailable("the engine is away")

    with pytest.raises(Unavailable):
        later.load(prepare=fail)

    with pytest.raises(NotFound):
        later.get("shop")
    assert again.bundle(A.id).users == ()


def test_rows_are_those_of_the_build_served_at_each_call(catalogs: Catalogs) -> None:
    catalogs.to_write("shop", bundle_id=A.id)
    rows = catalogs.rows("shop")
    assert rows.get_many(["a"]) == {}
    with catalogs.replacing("shop"):
        pass
    assert rows.page(after_id="", limit=3) == []
    with pytest.raises(NotFound):
        catalogs.rows("absent")
