"""An engine's sizes are built once, asked in turn, and every query twice."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale.asked import Asked
from benchmarks.scale.kept import builds
from benchmarks.scale.measure import built, measured, standing
from benchmarks.scale.opened import OpenIndex
from benchmarks.scale.vectors import ShopVectors
from server.arrays import Float32Array
from server.errors import Unavailable

CAPTIONS = np.eye(2, 4, dtype=np.float32)
ASKED = Asked(
    texts=[f"text {number}" for number in range(30)],
    vectors=np.tile(np.arange(30, dtype=np.float32)[:, None], (1, 4)),
)


@dataclass
class FakeEngine:
    """Writes down what is done to it; answers with the query's number."""

    about: str = "fake 1"
    name: str = "fake"
    fails_at: int = 0
    done: list[str] = field(default_factory=list)

    @contextmanager
    def session(self, folder: Path) -> Iterator["FakeEngine"]:
        self.done.append("start")
        yield self
        self.done.append("end")

    def build(self, shop: ShopVectors) -> None:
        self.done.append(f"build {shop.products}")
        if shop.products == self.fails_at:
            raise Unavailable("no more", reason="FAKE")

    def open(self, products: int) -> OpenIndex:
        self.done.append(f"open {products}")

        def search(vector: Float32Array) -> list[str]:
            self.done.append(f"{products} {int(vector[0])}")
            return [f"{int(vector[0]):07d}"]

        return OpenIndex(search=search, memory_mb=float(products))


def shops(*sizes: int) -> Sequence[ShopVectors]:
    return [ShopVectors(captions=CAPTIONS, products=size) for size in sizes]


def encode(text: str) -> Float32Array:
    vector: Float32Array = ASKED.vectors[int(text.split()[1])]
    return vector


def quiet(_: str) -> None:
    """Say nothing."""


def test_sizes_are_built_from_small_to_large_and_only_once(tmp_path: Path) -> None:
    engine = FakeEngine()
    first = built(engine, shops(2_000, 1_000), tmp_path, tell=quiet)
    assert engine.done == ["start", "build 1000", "build 2000", "end"]
    assert built(engine, shops(1_000, 2_000), tmp_path, tell=quiet) == first
    assert len(engine.done) == 4


def test_only_what_lacks_is_built(tmp_path: Path) -> None:
    engine = FakeEngine()
    built(engine, shops(1_000), tmp_path, tell=quiet)
    built(engine, shops(1_000, 2_000), tmp_path, tell=quiet)
    assert engine.done == ["start", "build 1000", "end", "start", "build 2000", "end"]


@pytest.mark.parametrize(
    ("about", "seed"), [("fake 2", 5), ("fake 1", 6)], ids=["other parameters", "other vectors"]
)
def test_builds_of_something_else_do_not_stand(tmp_path: Path, about: str, seed: int) -> None:
    built(FakeEngine(), shops(1_000), tmp_path, tell=quiet)
    other = ShopVectors(captions=CAPTIONS, products=1_000, seed=seed)
    assert standing(FakeEngine(about=about), [other], tmp_path) == {}


def test_a_build_that_fails_does_not_stand_nor_does_what_it_replaced(tmp_path: Path) -> None:
    built(FakeEngine(), shops(1_000, 2_000), tmp_path, tell=quiet)
    changed = FakeEngine(about="fake 2", fails_at=2_000)
    with pytest.raises(Unavailable):
        built(changed, shops(1_000, 2_000), tmp_path, tell=quiet)
    assert {size: each.about for size, each in builds(tmp_path).items()} == {1_000: "fake 2"}


def test_sizes_take_turns_and_every_query_is_searched_for_twice(tmp_path: Path) -> None:
    engine = FakeEngine()
    stand = built(engine, shops(1_000, 2_000), tmp_path, tell=quiet)
    engine.done.clear()
    found = measured(engine, stand, tmp_path, asked=ASKED, encode=encode, rounds=2, tell=quiet)
    assert engine.done[:3] == ["start", "open 1000", "open 2000"]
    searched = engine.done[3:-1]
    turns = [line.split()[0] for line in searched[:: 2 * 30]]
    # One of each to warm up, then the order is turned round from round to round.
    assert turns == ["1000", "2000", "1000", "2000", "2000", "1000"]
    assert all(one == other for one, other in zip(searched[::2], searched[1::2], strict=True))
    for size, each in found.items():
        assert [list(one.places) for one in each.rounds] == [list(range(30))] * 2
        assert each.memory_mb == size
        assert each.rounds[0].found[7] == ["0000007"]
        assert all(len(one.search_ms) == len(one.text_ms) == 30 for one in each.rounds)


def test_a_slow_engine_is_asked_the_least_queries_and_goes_on_where_it_was(tmp_path: Path) -> None:
    engine = FakeEngine()
    stand = built(engine, shops(1_000), tmp_path, tell=quiet)
    found = measured(
        engine, stand, tmp_path,
        asked=ASKED, encode=encode, rounds=2, tell=quiet, round_seconds=0.0,
    )  # fmt: skip
    first, second = (list(each.places) for each in found[1_000].rounds)
    assert first == list(range(20))
    assert second == [*range(20, 30), *range(10)]
