"""Whole files: every format, what is refused, and the shared shops as they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.errors import InvalidRequest
from server.ingest.files import CatalogFile, ProductRow, RejectedRow, open_catalog


def opened(
    folder: Path, rows: Sequence[dict[str, object] | bytes], *, allow_missing: Sequence[str] = ()
) -> CatalogFile:
    path = folder / "catalog.jsonl"
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join(lines))
    return open_catalog(path, mapping={}, allow_missing=frozenset(allow_missing))


def outcomes(file: CatalogFile) -> list[tuple[int, str, str]]:
    """(row, id, reason or empty) for every row."""
    return [
        (row.number, row.record.id, "")
        if isinstance(row, ProductRow)
        else (row.number, row.product_id, row.violations[0].reason)
        for row in file
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    return tmp_path


def product(id_: object, **more: object) -> dict[str, object]:
    return {"id": id_, "title": "Mug", "price": 5, "image": "a.jpg", **more}


def test_bad_rows_are_rejected_and_the_others_go_on(folder: Path) -> None:
    file = opened(
        folder,
        [
            product("a"),
            b"{",
            product(""),
            product("b", price=None),
            product("c", price="free"),
            product("d", image=""),
            product("e", image="none.jpg"),
            product("f", image="../a.jpg"),
            product("g", image="https://example.com/a.jpg"),
            product("a", title="Another"),
            b'{"id": "caf\xe9"}',
            product("h"),
        ],
    )
    assert file.rows == 12
    assert file.notices == ()
    assert outcomes(file) == [
        (1, "a", ""),
        (2, "", "ROW_NOT_JSON"),
        (3, "", "ID_MISSING"),
        (4, "b", "PRICE_MISSING"),
        (5, "c", "NOT_A_NUMBER"),
        (6, "d", "IMAGE_MISSING"),
        (7, "e", "PICTURE_NOT_FOUND"),
        (8, "f", "PICTURE_OUTSIDE"),
        (9, "g", "PICTURE_REMOTE"),
        (10, "a", "ID_REPEATED"),
        (11, "", "ROW_NOT_UTF8"),
        (12, "h", ""),
    ]


def test_a_file_without_prices_and_pictures_is_one_without_them(folder: Path) -> None:
    file = opened(folder, [{"id": "a", "title": "Mug"}, {"id": "b", "title": "Cup"}])
    assert outcomes(file) == [(1, "a", ""), (2, "b", "")]
    assert [notice.split(":")[0] for notice in file.notices] == [
        "no row has the column image",
        "no row has the column price",
    ]


def test_one_row_with_a_price_makes_it_a_file_with_prices(folder: Path) -> None:
    file = opened(folder, [{"id": "a", "title": "Mug"}, {"id": "b", "title": "Cup", "price": 1}])
    assert outcomes(file) == [(1, "a", "PRICE_MISSING"), (2, "b", "")]


def test_missing_prices_and_pictures_can_be_allowed(folder: Path) -> None:
    rows = [
        product("a", price=None),
        product("b", image=None),
        product("c", image="http://x/y.jpg"),
    ]
    file = opened(folder, rows, allow_missing=["price", "image"])
    read = [row for row in file if isinstance(row, ProductRow)]
    assert [(row.record.id, row.record.price, row.picture) for row in read] == [
        ("a", None, b"picture"),
        ("b", 5.0, None),
        ("c", 5.0, None),
    ]
    assert read[2].record.image_uris == ("http://x/y.jpg",)


def test_a_rejected_row_does_not_take_its_id(folder: Path) -> None:
    file = opened(folder, [product("a", price="?"), product("a")])
    assert outcomes(file) == [(1, "a", "NOT_A_NUMBER"), (2, "a", "")]


def test_pictures_may_stand_in_a_folder_of_their_own(folder: Path) -> None:
    shelf = folder / "shelf"
    shelf.mkdir()
    (shelf / "catalog.jsonl").write_text(json.dumps(product("a")))
    file = open_catalog(shelf / "catalog.jsonl", mapping={}, pictures=folder)
    assert [row.picture for row in file if isinstance(row, ProductRow)] == [b"picture"]


def test_every_format_gives_the_same_products(folder: Path) -> None:
    paths = ["Home/Mugs", "Gifts"]
    row = product("a", price=5.5, category=paths)
    (folder / "c.jsonl").write_text(json.dumps(row))
    header, cells = list(row), [*list(row.values())[:-1], "|".join(paths)]
    for suffix, delimiter in ((".csv", ","), (".tsv", "\t")):
        lines = [delimiter.join(map(str, line)) for line in (header, cells)]
        (folder / f"c{suffix}").write_text("\n".join(lines))
    pq.write_table(pa.Table.from_pylist([row]), folder / "c.parquet")
    read = [
        [
            (row.record, row.picture)
            for row in open_catalog(path, mapping={})
            if isinstance(row, ProductRow)
        ]
        for path in sorted(folder.glob("c.*"))
    ]
    assert len(read) == 4
    assert all(products == read[0] for products in read)
    assert read[0][0][0].category_paths == ("Home/Mugs", "Gifts")


def test_columns_can_be_mapped(folder: Path) -> None:
    path = folder / "c.csv"
    path.write_text("artikel,bezeichnung\na,Tasse\n")
    file = open_catalog(path, mapping={"id": "artikel", "title": "bezeichnung"})
    assert outcomes(file) == [(2, "a", "")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.jsonl", None, "CATALOG_NOT_FOUND"),
        ("c.jsonl", b"", "CATALOG_EMPTY"),
        ("c.jsonl", b"\n\n", "CATALOG_EMPTY"),
        ("c.csv", b"id,title\n", "CATALOG_EMPTY"),
        ("c.csv", b"", "CATALOG_HEADER"),
        ("c.xlsx", b"PK", "CATALOG_FORMAT"),
        ("c.json", b"[]", "CATALOG_FORMAT"),
        ("c.parquet", b"PAR1", "CATALOG_NOT_PARQUET"),
        ("c.csv", b"title,price\nMug,5\n", "CATALOG_WITHOUT_ID"),
        ("c.csv", b"id,price\na,5\n", "CATALOG_WITHOUT_TITLE"),
        ("", None, "CATALOG_IS_FOLDER"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidRequest) as refused:
        open_catalog(path, mapping={})
    assert refused.value.reason == reason
    assert str(path) in refused.value.message or reason in ("CATALOG_HEADER", "CATALOG_NOT_PARQUET")


def test_a_file_of_broken_rows_alone_says_so_row_by_row(folder: Path) -> None:
    assert outcomes(opened(folder, [b"{", b"["])) == [
        (1, "", "ROW_NOT_JSON"),
        (2, "", "ROW_NOT_JSON"),
    ]


@pytest.mark.shared
@pytest.mark.parametrize(("shop", "products", "notices"), [("luma", 449, 0), ("grocery", 81, 1)])
def test_the_shared_shops_are_read_as_they_stand(
    shared_datasets: Path, shop: str, products: int, notices: int
) -> None:
    file = open_catalog(shared_datasets / shop / "catalog.jsonl", mapping={})
    rows = list(file)
    assert not [row for row in rows if isinstance(row, RejectedRow)]
    assert len(rows) == products
    assert len(file.notices) == notices
    assert all(isinstance(row, ProductRow) and row.picture for row in rows)
