"""Two replicas on one PostgreSQL and one engine: what one writes, the other serves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from server.catalog.codec import to_message
from server.catalog.following import POLL_SECONDS
from server.catalog.record import ProductRecord
from server.errors import FailedPrecondition, NotFound, Unavailable
from tests.server.ingest.replica_parts import SharedCounts, number, seconds_until, signals
from tests.server.ingest.shop_parts import (
    MANIFEST,
    HashingEncoder,
    Shop,
    everywhere,
    item,
)


@pytest.fixture
def pair(replica: Callable[..., Shop]) -> tuple[Shop, Shop]:
    return replica(keep_seconds=60.0), replica(keep_seconds=60.0)


def test_a_second_replica_sees_everything_at_its_next_look(
    pair: tuple[Shop, Shop], counts: SharedCounts
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a", price=10.0, color="Red"), item("b", price=20.0)])
    two.follower.look()
    assert number(two, "b", "price") == 20.0

    one.writer.update_signals("shop", [signals("a", price=7.5)])
    two.follower.look()
    assert number(two, "a", "price") == 7.5
    one.writer.write("shop", [item("new", price=5.0, color="Blue")])
    two.follower.look()
    assert number(two, "new", "price") == 5.0
    one.writer.delete("shop", ["b"])
    two.follower.look()
    assert "b" not in two.catalog().table.ids()
    counts.click(one.store, "a", 3)
    two.follower.look()
    assert number(two, "a", "clicks") == 3.0
    list(one.writer.replace("shop", [item("fresh"), item("a")]))
    two.follower.look()
    assert two.catalog().table.ids() == {"fresh", "a"}

    assert POLL_SECONDS <= 0.25, "it looks four times a second"
    assert two.catalog().generation == one.catalog().generation
    assert number(two, "a", "clicks") == 3.0
    assert everywhere(two) == everywhere(one) == {"fresh", "a"}
    assert two.encoder.texts == []


def test_it_looks_by_itself(pair: tuple[Shop, Shop], counts: SharedCounts) -> None:
    one, two = pair
    two.follower.start()
    one.writer.write("shop", [item("a", price=10.0), item("b", price=20.0)])
    took = {"a new catalog": seconds_until(lambda: number(two, "b", "price") == 20.0)}
    one.writer.update_signals("shop", [signals("a", price=7.5)])
    took["a price"] = seconds_until(lambda: number(two, "a", "price") == 7.5)
    one.writer.delete("shop", ["b"])
    took["a deletion"] = seconds_until(lambda: "b" not in two.catalog().table.ids())
    counts.click(one.store, "a", 3)
    took["a click"] = seconds_until(lambda: number(two, "a", "clicks") == 3.0)
    print({name: round(seconds, 3) for name, seconds in took.items()})  # noqa: T201 - a record


def test_each_replica_follows_the_other(pair: tuple[Shop, Shop]) -> None:
    one, two = pair
    one.writer.write("shop", [item("a", color="Red")])
    # A catalog that another replica has just made is found when its first product is written.
    two.writer.write("shop", [item("b", color="Blue")])
    one.follower.look()
    two.follower.look()

    assert everywhere(one) == everywhere(two) == {"a", "b"}
    for shop in pair:
        reader = shop.catalog().table.reader()
        rows = reader.rows(["a", "b"])
        assert reader.facets(rows, field="color", limit=3) == (("Blue", 1), ("Red", 1))
        assert shop.catalogs.names() == ["shop"]


def test_searches_on_the_build_before_end_on_it(pair: tuple[Shop, Shop]) -> None:
    one, two = pair
    one.writer.write("shop", [item("a")])
    two.follower.look()
    with two.catalogs.serving("shop") as (before, _):
        list(one.writer.replace("shop", [item("b")]))
        two.follower.look()
        assert before.index.ids() == before.table.ids() == {"a"}
        assert everywhere(two) == {"b"}
    # The build before was given back, and is not dropped twice: its bundle has one user left.
    assert [each.users for each in two.shelf.bundles()] == [("shop",)]
    two.writer.write("shop", [item("c")])
    one.follower.look()
    assert everywhere(one) == {"b", "c"}


def test_a_build_before_is_dropped_in_the_end(replica: Callable[..., Shop]) -> None:
    one = replica(keep_seconds=0.05)
    one.writer.write("shop", [item("a")])
    list(one.writer.replace("shop", [item("b")]))
    name = one.catalog().index.name
    seconds_until(lambda: one.store.generations.unserved("shop") == [])
    assert one.engine.names() == [name]


def test_nothing_is_written_to_a_build_that_was_replaced_elsewhere(
    pair: tuple[Shop, Shop],
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a")])
    two.follower.look()
    list(one.writer.replace("shop", [item("a"), item("b")]))

    for work in (
        lambda: two.writer.write("shop", [item("c")]),
        lambda: two.writer.update_signals("shop", [signals("a", stock=1)]),
        lambda: two.writer.delete("shop", ["a"]),
    ):
        with pytest.raises(Unavailable) as caught:
            work()
        assert caught.value.reason == "CATALOG_REPLACED"
    two.follower.look()
    two.writer.write("shop", [item("c")])
    assert everywhere(two) == {"a", "b", "c"}


def test_a_build_of_a_bundle_that_is_not_open_here_is_refused_until_it_is(
    pair: tuple[Shop, Shop],
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a")])
    two.follower.look()
    other = HashingEncoder(replace(MANIFEST, name="other"))
    one.shelf.put(other)
    one.shelf.promote(other.manifest.id)
    list(one.writer.replace("shop", [item("b")]))

    two.follower.look()
    with pytest.raises(FailedPrecondition) as caught:
        two.catalog()
    assert caught.value.reason == "CATALOG_OF_OTHER_BUNDLE"
    one.writer.write("shop", [item("c")])
    two.follower.look()

    two.shelf.put(HashingEncoder(other.manifest))
    two.writer.open_catalogs()
    assert everywhere(two) == {"b", "c"}


def test_what_a_replica_that_died_left_is_finished_by_the_next_write(
    pair: tuple[Shop, Shop],
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a", stock=1)])
    two.follower.look()
    row = one.catalog().products.find(["a"])["a"]
    left = to_message(ProductRecord(id="left", title="t", group_id="g"), catalog="shop")
    row = replace(row, id="left", payload=left.SerializeToString())
    one.catalog().products.write_pending([row], values={})

    two.writer.update_signals("shop", [signals("a", stock=2)])

    assert everywhere(two) == {"a", "left"}
    one.follower.look()
    assert everywhere(one) == {"a", "left"}


def test_replicas_write_in_turns(pair: tuple[Shop, Shop]) -> None:
    """Whatever both write at once, the store, the index and both tables agree at the end."""
    for shop in pair:
        shop.writer.write("shop", [item("a", stock=1)])
        shop.follower.start()
    failures: list[BaseException] = []

    def write(shop: Shop, start: int) -> None:
        try:
            for stock in range(start, start + 10):
                shop.writer.update_signals("shop", [signals("a", stock=stock)])
                shop.writer.write("shop", [item("a", stock=stock), item(f"p{stock}")])
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    threads = [
        threading.Thread(target=write, args=(shop, 100 * place), daemon=True)
        for place, shop in enumerate(pair)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    one, two = pair
    seconds_until(lambda: one.catalog().table.ids() == two.catalog().table.ids())
    seconds_until(lambda: number(one, "a", "stock") == number(two, "a", "stock"))
    assert len(everywhere(one)) == 21
    assert everywhere(one) == everywhere(two)
    index = one.catalog().index._rows  # type: ignore[attr-defined]
    stock = dict(zip(index.ids, index.filters.stock, strict=True))
    assert stock["a"] == number(one, "a", "stock")


def test_a_replica_that_was_away_for_long_loads_everything(
    pair: tuple[Shop, Shop], counts: SharedCounts
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a", price=1.0), item("b")])
    two.follower.look()
    one.writer.write("shop", [item("c")])
    one.writer.delete("shop", ["b"])
    one.writer.update_signals("shop", [signals("a", price=2.0)])
    counts.click(one.store, "c", 4)
    one.store.changes.forget(before_seconds=time.time() + 60)

    two.follower.look()

    assert everywhere(two) == {"a", "c"}
    assert (number(two, "a", "price"), number(two, "c", "clicks")) == (2.0, 4.0)


def test_a_restart_has_the_counts(replica: Callable[..., Shop], counts: SharedCounts) -> None:
    one = replica()
    one.writer.write("shop", [item("a")])
    counts.click(one.store, "a", 6)
    assert number(replica(), "a", "clicks") == 6.0


def test_a_build_that_is_gone_before_it_is_opened_is_asked_for_again(
    pair: tuple[Shop, Shop],
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a")])
    index = one.catalog().index
    one.engine.drop(index.name)
    with pytest.raises(NotFound):
        two.follower.look()
    assert two.catalogs.names() == []
    assert [each.users for each in two.shelf.bundles()] == [()]


def test_while_one_replica_replaces_a_catalog_the_others_are_refused(
    pair: tuple[Shop, Shop],
) -> None:
    one, two = pair
    one.writer.write("shop", [item("a", price=1.0)])
    two.follower.look()

    with one.writer.replacing("shop") as write:
        write([item("fresh")])
        with refused():
            two.writer.write("shop", [item("lost")])
        with refused():
            two.writer.update_signals("shop", [signals("a", price=2.0)])
        with refused():
            two.writer.delete("shop", ["a"])
        with refused():
            list(two.writer.replace("shop", [item("other")]))
    two.follower.look()
    two.writer.write("shop", [item("late")])

    one.follower.look()
    assert everywhere(one) == everywhere(two) == {"fresh", "late"}


@contextmanager
def refused() -> Iterator[None]:
    """The block is refused because the catalog is being replaced."""
    with pytest.raises(Unavailable) as caught:
        yield
    assert caught.value.reason == "CATALOG_BEING_REPLACED"
