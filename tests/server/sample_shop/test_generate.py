"""The written shop: byte for byte the same, and read by the catalogue reader as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.ingest.files import ProductRow, open_catalog
from server.sample_shop.generate import SampleShop, write_sample_shop


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    return write_sample_shop(tmp_path_factory.mktemp("shop"), seed=3, products=30)


def test_the_same_seed_writes_the_same_bytes(shop: SampleShop, tmp_path: Path) -> None:
    drawn: list[int] = []
    write_sample_shop(tmp_path / "again", seed=3, products=30, progress=drawn.append)
    assert files(tmp_path / "again") == files(shop.catalog.parent)
    assert drawn == list(range(1, 31))


def test_another_seed_writes_another_shop(shop: SampleShop, tmp_path: Path) -> None:
    other = write_sample_shop(tmp_path, seed=4, products=30)
    assert other.catalog.read_bytes() != shop.catalog.read_bytes()


def test_the_catalogue_is_read_without_a_rejected_row(shop: SampleShop) -> None:
    file = open_catalog(shop.catalog, mapping={})
    rows = list(file)
    assert (file.rows, len(rows), file.notices) == (30, 30, ())
    assert all(isinstance(row, ProductRow) for row in rows)
    first = rows[0]
    assert isinstance(first, ProductRow)
    assert first.picture == (shop.catalog.parent / first.record.image_uris[0]).read_bytes()
    assert first.record.translations["zh"].description
    assert set(first.record.attributes) == {"material", "pattern", "style"}
    assert first.record.units_30_days is not None
    assert first.record.create_seconds is not None


def test_queries_name_pictures_and_products_that_are_there(shop: SampleShop) -> None:
    rows = [json.loads(line) for line in shop.queries.read_text("utf-8").splitlines()]
    ids = {json.loads(line)["id"] for line in shop.catalog.read_text("utf-8").splitlines()}
    assert all(set(row["relevance"]) <= ids for row in rows)
    pictures = [shop.queries.parent / row["image"] for row in rows if "image" in row]
    assert len(pictures) == 40
    assert all(path.is_file() for path in pictures)
