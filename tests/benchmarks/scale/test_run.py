"""What is asked for is read or refused, and every engine and size becomes a record."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale.asked import Asked, ShopText
from benchmarks.scale.kept import Build, note
from benchmarks.scale.run import parsed_engines, parsed_sizes, refuse_early, scaled
from server.errors import InvalidRequest

CAPTIONS = np.eye(8, 16, dtype=np.float32)
TEXT = ShopText(
    captions=CAPTIONS,
    asked=Asked(texts=[str(number) for number in range(8)], vectors=CAPTIONS),
    encode=lambda text: CAPTIONS[int(text)],
)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("10000", (10_000,)),
        ("100000, 10_000,", (10_000, 100_000)),
        ("1000,1000", (1_000,)),
    ],
)
def test_sizes_are_read_rising_and_once(text: str, sizes: tuple[int, ...]) -> None:
    assert parsed_sizes(text) == sizes


@pytest.mark.parametrize("text", ["", ",", "many", "-1000", "999", "5000001", "1e4", "10000,x"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="1,000 to 5,000,000"):
        parsed_sizes(text)


def test_engines_are_read_in_order_and_once() -> None:
    assert parsed_engines("exact, lite-flat,exact") == ("exact", "lite-flat")


@pytest.mark.parametrize("text", ["", "faiss", "exact,faiss"])
def test_other_engines_are_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(InvalidRequest, match="milvus-hnsw"):
        parsed_engines(text)


def test_what_stands_built_takes_no_time_to_build(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="--minutes"):
        refuse_early(["exact"], [1_000], dimension=16, folder=tmp_path, seconds=0.0)
    note(tmp_path / "exact", Build(products=1_000, about="", data="", seconds=1.0))
    refuse_early(["exact"], [1_000], dimension=16, folder=tmp_path, seconds=0.0)


def test_every_engine_and_size_becomes_a_record(tmp_path: Path) -> None:
    told: list[str] = []
    found = scaled(
        TEXT,
        engines=["exact", "lite-flat"],
        sizes=[1_000, 2_000],
        folder=tmp_path,
        rounds=1,
        tell=told.append,
    )
    assert [(each["engine"], each["size"]) for each in found.records] == [
        ("exact", 1_000), ("exact", 2_000), ("lite-flat", 1_000), ("lite-flat", 2_000),
    ]  # fmt: skip
    assert all(each["recall_at_10"] == 1.0 for each in found.records)
    assert found.million_over_ten_thousand is None
    assert "building lite-flat of 2,000" in told
