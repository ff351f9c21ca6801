"""Writes and deletions that die on the way, and indexes that are lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.errors import Unavailable
from server.retrieval.exact import ExactEngine, ExactIndex
from server.retrieval.protocol import IndexRows, View
from tests.server.ingest.shop_parts import Shop, everywhere, found, item, png

Reopen = Callable[..., Shop]


class BreakingIndex(ExactIndex):
    """Fails once when told to, before or after its work."""

    fails = ""

    def upsert(self, rows: IndexRows) -> None:
        self._fail("before upsert")
        super().upsert(rows)
        self._fail("after upsert")

    def delete(self, ids: object) -> None:
        self._fail("before delete")
        super().delete(ids)  # type: ignore[arg-type]
        self._fail("after delete")

    def _fail(self, moment: str) -> None:
        if BreakingIndex.fails == moment:
            BreakingIndex.fails = ""
            raise Unavailable("the engine is away")


class BreakingEngine(ExactEngine):
    """Makes indexes that can be told to fail."""

    def create(self, name: str, *, dimension: int) -> ExactIndex:
        index = BreakingIndex(name, dimension=dimension)
        self._indexes[name] = index
        return index


@pytest.fixture
def breaking_engine(request: pytest.FixtureRequest) -> BreakingEngine:
    BreakingIndex.fails = ""
    return BreakingEngine()


@pytest.mark.parametrize("moment", ["before upsert", "after upsert"])
@pytest.mark.parametrize("restart", [False, True], ids=["same process", "next process"])
class TestInterruptedWrite:
    """A write that dies on the way is finished by the next write, or by the next process."""

    @pytest.fixture
    def engine(self, breaking_engine: BreakingEngine) -> BreakingEngine:
        return breaking_engine

    def test_is_finished_later(self, reopen: Reopen, moment: str, *, restart: bool) -> None:
        shop = reopen()
        shop.writer.write("shop", [item("a", title="old", color="Red", picture=png(3))])
        BreakingIndex.fails = moment
        with pytest.raises(Unavailable):
            shop.writer.write("shop", [item("a", title="new", color="Blue"), item("b")])

        if restart:
            shop = reopen()
        else:
            shop.writer.write("shop", [item("c")])

        assert everywhere(shop) == {"a", "b"} | (set() if restart else {"c"})
        assert found(shop, View.TEXT, b"blue, new") == "a"
        reader = shop.catalog().table.reader()
        assert reader.facets(reader.rows(["a"]), field="color", limit=5) == (("Blue", 1),)


@pytest.mark.parametrize("moment", ["before delete", "after delete"])
class TestInterruptedDeletion:
    """A product half deleted is out of sight at once, and gone after the next start."""

    @pytest.fixture
    def engine(self, breaking_engine: BreakingEngine) -> BreakingEngine:
        return breaking_engine

    def test_is_finished_later(self, reopen: Reopen, moment: str) -> None:
        shop = reopen()
        shop.writer.write("shop", [item("a"), item("b")])
        BreakingIndex.fails = moment
        with pytest.raises(Unavailable):
            shop.writer.delete("shop", ["a"])
        assert shop.catalog().products.get_many(["a"]) == {}

        assert everywhere(reopen()) == {"b"}


def test_a_lost_index_is_made_again_from_the_store(reopen: Reopen, engine: ExactEngine) -> None:
    shop = reopen()
    shop.writer.write("shop", [item(f"p{place}", picture=png(place)) for place in range(40)])
    engine.drop(shop.catalog().index.name)

    again = reopen()

    assert everywhere(again) == {f"p{place}" for place in range(40)}
    assert again.encoder.pictures == 0
    assert found(again, View.TEXT, b"Product p7") == "p7"


def test_a_recovered_index_holds_the_very_same_vectors(reopen: Reopen, engine: ExactEngine) -> None:
    shop = reopen()
    shop.writer.write("shop", [item("a", picture=png(7))])
    before = engine.open(shop.catalog().index.name)._rows
    engine.drop(shop.catalog().index.name)

    after = engine.open(reopen().catalog().index.name)._rows

    assert (before.text == after.text).all()
    assert (before.image == after.image).all()
    assert before.lexical == after.lexical
    assert before.filters == after.filters
