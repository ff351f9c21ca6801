"""Copies are written once, and the memory of what serves them is told by what holds it."""

from pathlib import Path

import numpy as np
import pytest
from omnishelf.v1 import product_pb2

from benchmarks import footprint
from benchmarks.footprint import megabytes_at
from benchmarks.scale.copied_shop import CATALOG, StoredShop
from exporter.spec import STARTER_DIRECTORY, load_manifest
from server.catalog.rows import StoredProduct
from server.catalog.store import Store
from server.catalog.tables import RowState
from server.catalog.vector_bytes import pack
from server.settings import Settings, load_settings

PRODUCTS = 1_500


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> StoredShop:
    """Three products without values that would have to be encoded, in the place of a stored shop;
    and servers that are not started."""
    vectors = pack(
        np.eye(3, load_manifest(STARTER_DIRECTORY).dimension, dtype=np.float32), has=[True] * 3
    )
    rows = [
        StoredProduct(
            id=f"p{number}",
            payload=product_pb2.Product(
                name=f"catalogs/small/products/p{number}", title=f"Running Shoe {number}"
            ).SerializeToString(),
            text_vector=vectors[number],
            image_vector=vectors[number],
            terms=b"",
        )
        for number in range(3)
    ]
    made = StoredShop(rows=rows, values={})

    def stored(_: Settings, *, catalog: str) -> StoredShop:
        assert catalog == "small"
        return made

    def resident(data: Path, catalog: str) -> tuple[float, float]:
        assert data.is_dir()
        return (500.0, 90.0) if catalog == CATALOG else (420.5, 60.0)

    monkeypatch.setattr(footprint, "stored_shop", stored)
    monkeypatch.setattr(footprint, "_resident", resident)
    return made


@pytest.mark.usefixtures("shop")
def test_copies_are_written_once_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, told = tmp_path / "keep", list[int]()
    (tmp_path / "data").mkdir()
    found = megabytes_at(
        PRODUCTS, data=tmp_path / "data", catalog="small", keep=keep, progress=told.append
    )
    assert (found.server_mb, found.small_server_mb, found.engine_mb) == (500.0, 420.5, 90.0)
    assert found.catalogue_mb == 79.5
    assert told[-1] == PRODUCTS
    # Two vectors of 384 bytes a product at the least.
    assert sum(found.parts.values()) > PRODUCTS * 2 * 384 / 1e6

    store = Store(load_settings(flags={"data": keep}).store_url)
    rows = store.rows(store.generations.served()[CATALOG].number)
    assert rows.count() == PRODUCTS
    assert not rows.unfinished(RowState.PENDING, limit=1)
    store.close()

    monkeypatch.setattr(footprint, "table_parts", dict)
    monkeypatch.delattr(footprint, "write_copies")
    with footprint._copies(
        PRODUCTS, data=tmp_path / "data", catalog="small", keep=keep, progress=told.append
    ) as again:
        assert again == keep


@pytest.mark.parametrize("other", ["fewer", "other products"])
def test_a_folder_of_other_copies_is_written_anew(
    other: str, shop: StoredShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def write(_: StoredShop, settings: Settings, *, products: int, progress: object) -> None:
        assert not list(settings.data.iterdir())
        written.append(products)

    monkeypatch.setattr(footprint, "write_copies", write)

    def copies(products: int) -> None:
        with footprint._copies(
            products, data=tmp_path, catalog="small", keep=tmp_path / "keep", progress=print
        ):
            pass

    copies(10)
    if other == "other products":
        monkeypatch.setattr(
            footprint, "stored_shop", lambda *_, **__: StoredShop(rows=shop.rows[:2], values={})
        )
    copies(10 if other == "other products" else 5)
    assert len(written) == 2
