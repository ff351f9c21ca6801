from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from server.catalog import builds
from server.catalog.catalogs import Catalog, Catalogs
from server.catalog.codec import to_message
from server.catalog.load import load_table
from server.catalog.record import ProductRecord
from server.catalog.rows import StoredProduct
from server.catalog.store import Store
from server.catalog.tables import RowState
from server.catalog.vector_bytes import pack, unpack
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.errors import DataCorrupted, FailedPrecondition, InvalidRequest, NotFound, Unavailable
from server.retrieval.exact import ExactEngine
from server.signals.table import ProductTable
from server.signals.terms import term_rows, to_blobs
from tests.server.encoders.shelf_parts import SmallEncoder, manifest
from tests.server.encoders.shelf_parts import opened as opened_encoder

STARTER = manifest("starter", dimension=2).id

Open = Callable[..., Catalogs]


@pytest.fixture
def engine() -> ExactEngine:
    return ExactEngine()


@pytest.fixture
def opened(store: Store, engine: ExactEngine) -> Open:
    def make(*bundles: str) -> Catalogs:
        catalogs = Catalogs(
            store=store,
            engine=engine,
            shelf=shelf_of(*(bundles or ("starter",))),
            fold=str.casefold,
            drain_seconds=5.0,
        )
        catalogs.load()
        return catalogs

    return make


def shelf_of(*names: str) -> EncoderShelf:
    """A shelf of small bundles, the first of them current."""
    shelf = EncoderShelf(open_encoder=opened_encoder, recorder=RequestRecorder())
    for name in names:
        shelf.put(SmallEncoder(manifest(name, dimension=2)))
    return shelf


def written_to(catalogs: Catalogs, name: str) -> Catalog:
    """The catalog as a writer with the current bundle gets it."""
    return catalogs.to_write(name, bundle_id=catalogs._shelf.current.id)


def stored(product_id: str, **fields: object) -> StoredProduct:
    record = ProductRecord(**{"id": product_id, "title": "t", "group_id": "g", **fields})  # type: ignore[arg-type]
    return StoredProduct(
        id=product_id,
        payload=to_message(record, catalog="shop").SerializeToString(),
        text_vector=pack(np.array([[0.6, 0.8]], dtype=np.float32), has=[True])[0],
        image_vector=None,
        terms=to_blobs(term_rows([{"title": [4, 2], "rest": [9]}]))[0],
    )


def test_a_catalog_is_made_once(opened: Open, engine: ExactEngine) -> None:
    catalogs = opened()
    assert catalogs.names() == []
    assert catalogs.find("shop") is None

    made = written_to(catalogs, "shop")

    assert written_to(catalogs, "shop") is made
    assert catalogs.get("shop") is catalogs.find("shop") is made
    assert catalogs.names() == ["shop"]
    assert made.index.name == f"omnishelf_shop_{STARTER}_{made.generation}"
    assert engine.names() == [made.index.name]
    assert opened().get("shop").index.name == made.index.name


def test_a_catalog_nobody_wrote_is_not_there(opened: Open) -> None:
    catalogs = opened()
    written_to(catalogs, "known")

    with pytest.raises(NotFound, match="known") as caught:
        catalogs.get("shop")

    assert caught.value.reason == "CATALOG_NOT_FOUND"


def test_threads_that_ask_at_once_get_one_catalog(opened: Open, engine: ExactEngine) -> None:
    catalogs = opened()
    barrier = threading.Barrier(4)
    found = []

    def ask() -> None:
        barrier.wait()
        found.append(written_to(catalogs, "shop"))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(each) for each in found}) == 1
    assert len(engine.names()) == 1


@pytest.mark.parametrize("name", ["", "1shop", "a/b", "a b", "x" * 129, "商店"])
def test_a_name_no_catalog_can_have_is_refused(opened: Open, name: str) -> None:
    catalogs = opened()
    with pytest.raises(InvalidRequest) as caught:
        catalogs.bundle_to_write(name)
    assert caught.value.reason == "CATALOG_NAME_INVALID"
    with pytest.raises(InvalidRequest), catalogs.replacing(name):
        pass


def test_names_that_look_alike_have_indexes_of_their_own(opened: Open) -> None:
    catalogs = opened()

    names = {written_to(catalogs, each).index.name for each in ("a-b", "a.b", "a_b")}

    assert len(names) == 3
    assert all(name.startswith(f"omnishelf_a_b_{STARTER}_") for name in names)


def test_long_names_are_cut_and_stay_apart(opened: Open) -> None:
    catalogs = opened("b" * 190)

    names = {written_to(catalogs, "c" * 127 + each).index.name for each in "xy"}

    assert len(names) == 2
    assert max(map(len, names)) <= 255


def test_another_bundle_refuses_and_names_the_remedy(opened: Open) -> None:
    written_to(opened("starter"), "shop")
    other = opened("other")

    for ask in (other.get, other.find, other.bundle_to_write, other.rows):
        with pytest.raises(FailedPrecondition) as caught:
            ask("shop")
        assert STARTER in caught.value.message
        assert manifest("other", dimension=2).id in caught.value.message
        assert "omnishelf index CATALOG_FILE --catalog shop --replace" in caught.value.message
    assert other.names() == []


def test_another_release_refuses(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    written_to(opened(), "shop")
    monkeypatch.setattr(builds, "LAYOUT", 2)

    with pytest.raises(FailedPrecondition, match="another release"):
        opened().get("shop")


def test_a_replacement_takes_the_place_in_the_end(opened: Open, engine: ExactEngine) -> None:
    catalogs = opened()
    old = written_to(catalogs, "shop")
    old.products.write_pending([stored("a")], values={})

    with catalogs.replacing("shop") as fresh:
        assert catalogs.get("shop") is old
        assert fresh.index.name != old.index.name

    assert catalogs.get("shop") is fresh
    assert engine.names() == [fresh.index.name]
    assert old.products.count() == 0


def test_two_replacements_at_once_leave_one(opened: Open, engine: ExactEngine) -> None:
    one, other = opened(), opened()
    written_to(one, "shop")

    with (
        # PostgreSQL tells the second at once, a file shared against the rules at its end.
        pytest.raises((FailedPrecondition, Unavailable), match=r"another process|being replaced"),
        other.replacing("shop"),
        one.replacing("shop"),
    ):
        pass

    assert engine.names() == [one.get("shop").index.name]


def test_what_a_crash_left_is_dropped_by_the_next_replacement(
    opened: Open, engine: ExactEngine, store: Store
) -> None:
    catalogs = opened()
    written_to(catalogs, "shop")
    left = store.generations.begin(catalog="shop", bundle=STARTER, layout=1)
    engine.create(f"omnishelf_shop_{STARTER}_{left.number}", dimension=2)

    with catalogs.replacing("shop") as fresh:
        pass

    assert engine.names() == [fresh.index.name]
    assert store.generations.unserved("shop") == []


def test_the_table_is_filled_from_the_store(opened: Open) -> None:
    catalog = written_to(opened(), "shop")
    red = np.array([1.0, 0.0], dtype=np.float32)
    catalog.products.write_pending(
        [stored("a", color="Red", price=4.0), stored("b")],
        values={"red": red, "of no product": red},
    )
    catalog.products.mark_indexed(["a"])
    catalog.products.mark_deleting(["b"])

    again = opened().get("shop")

    assert again.table.ids() == {"a"}
    reader = again.table.reader()
    rows = reader.rows(["a"])
    assert reader.document_frequency([2, 4, 9, 5]).tolist() == [1, 1, 1, 0]
    assert reader.facets(rows, field="color", limit=3) == (("Red", 1),)
    assert reader.stored_vector("a").tolist() == pytest.approx([0.6, 0.8], abs=5e-3)
    assert not reader.lacks("text")
    assert reader.lacks("image")


def test_an_index_that_is_gone_is_made_again_and_all_is_pending(
    opened: Open, engine: ExactEngine
) -> None:
    catalog = written_to(opened(), "shop")
    catalog.products.write_pending([stored("a")], values={})
    catalog.products.mark_indexed(["a"])
    engine.drop(catalog.index.name)

    again = opened().get("shop")

    assert engine.names() == [catalog.index.name]
    assert [row.id for row in again.products.unfinished(RowState.PENDING, limit=5)] == ["a"]


def test_a_lost_value_vector_is_told(opened: Open) -> None:
    catalog = written_to(opened(), "shop")
    catalog.products.write_pending([stored("a", color="Red")], values={})
    table = ProductTable(dimension=2, fold=str.casefold)

    with pytest.raises(DataCorrupted, match="'red'"):
        load_table(table, catalog.products, dimension=2)


def test_vectors_come_back_from_bytes_as_unit_rows() -> None:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((20, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    has = [place % 3 > 0 for place in range(20)]

    blobs = pack(vectors, has=has)
    read, kept = unpack(blobs, dimension=384)

    assert kept.tolist() == has
    assert {len(blob) for blob in blobs if blob} == {768}
    assert np.abs(np.linalg.norm(read[kept], axis=1) - 1).max() < 1e-6
    assert (read[kept] * vectors[kept]).sum(axis=1).min() > 0.999999
    assert not read[~kept].any()


def test_no_vectors_are_no_rows() -> None:
    vectors, has = unpack([], dimension=4)

    assert vectors.shape == (0, 4)
    assert has.tolist() == []
