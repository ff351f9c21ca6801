"""Parquet: typed cells, and files that are none."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.errors import InvalidRequest
from server.ingest.formats.parquet import Parquet
from server.ingest.formats.protocol import RawRow


def test_cells_keep_their_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", "b"],
            "price": pa.array([Decimal("9.99"), None], pa.decimal128(8, 2)),
            "tags": [["x", "y"], []],
            "image": pa.array([b"\x89PNG", None], pa.binary()),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    source = Parquet(path=tmp_path / "rows.parquet")
    assert (source.survey().columns, source.survey().rows) == (("id", "price", "tags", "image"), 2)
    assert list(source) == [
        RawRow(
            number=1,
            values={"id": "a", "price": Decimal("9.99"), "tags": ["x", "y"], "image": b"\x89PNG"},
        ),
        RawRow(number=2, values={"id": "b", "price": None, "tags": [], "image": None}),
    ]


def test_rows_are_numbered_through_all_row_groups(tmp_path: Path) -> None:
    table = pa.table({"id": [str(number) for number in range(1, 301)]})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=7)
    assert [(row.number, row.values["id"]) for row in Parquet(path=tmp_path / "rows.parquet")] == [
        (number, str(number)) for number in range(1, 301)
    ]


@pytest.mark.parametrize("kept", [0, 20, -20], ids=["empty", "head", "tail cut"])
def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": ["a"] * 100}), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InvalidRequest) as refused:
        Parquet(path=path).survey()
    assert refused.value.reason == "CATALOG_NOT_PARQUET"
