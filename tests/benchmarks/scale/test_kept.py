"""Builds are remembered whole, forgotten one by one, and told apart by what they hold."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale.kept import Build, builds, data_digest, forget, note
from benchmarks.scale.vectors import ShopVectors

CAPTIONS = np.eye(2, 4, dtype=np.float32)


def made(products: int, seconds: float = 1.5) -> Build:
    return Build(products=products, about="engine 1", data="d", seconds=seconds)


def test_builds_are_remembered_by_size_and_the_last_counts(tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    note(folder, made(2_000))
    note(folder, made(1_000))
    note(folder, made(2_000, seconds=9.0))
    assert builds(folder) == {1_000: made(1_000), 2_000: made(2_000, seconds=9.0)}


def test_one_size_is_forgotten(tmp_path: Path) -> None:
    note(tmp_path, made(1_000))
    note(tmp_path, made(2_000))
    forget(tmp_path, 1_000)
    assert list(builds(tmp_path)) == [2_000]


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '[{"products": 3}]'])
def test_a_broken_file_holds_no_builds(tmp_path: Path, text: str) -> None:
    (tmp_path / "built.json").write_text(text)
    assert builds(tmp_path) == {}


def test_no_file_holds_no_builds(tmp_path: Path) -> None:
    assert builds(tmp_path / "none") == {}


def test_the_digest_is_of_captions_and_seed_and_not_of_the_size() -> None:
    shop = ShopVectors(captions=CAPTIONS, products=1_000)
    assert data_digest(shop) == data_digest(ShopVectors(captions=CAPTIONS, products=9_000))
    others = (
        ShopVectors(captions=CAPTIONS, products=1_000, seed=6),
        ShopVectors(captions=CAPTIONS * 2, products=1_000),
        ShopVectors(captions=np.eye(4, 2, dtype=np.float32), products=1_000),
    )
    assert data_digest(shop) not in [data_digest(other) for other in others]
