"""What replies showed is kept, within its bytes, and never longer than it is true."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omnishelf.v1 import product_pb2

from server.catalog.detail import Detail
from server.catalog.generations import Generation
from server.catalog.kept_payloads import KeptPayloads, PayloadCache
from server.catalog.load import load_products, load_signals, reload_table
from server.catalog.rows import ProductRows, Rewritten, StoredProduct
from server.catalog.store import Store
from server.signals.table import ProductTable
from server.signals.terms import LISTS

MEBIBYTE = 2**20
WHOLE, LISTED = Detail.WHOLE, Detail.LISTED


class Shelf:
    """Products that change, and the ids that were read of them."""

    def __init__(self, **payloads: bytes) -> None:
        self.payloads = payloads
        self.reads: list[list[str]] = []

    def read(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        self.reads.append(list(ids))
        return {each: self.payloads[each] for each in ids if each in self.payloads}


def shown(kept: KeptPayloads, shelf: Shelf, *ids: str) -> dict[str, bytes]:
    return dict(kept.shown(ids, detail=WHOLE, read=shelf.read))


def test_only_what_was_not_shown_before_is_read() -> None:
    shelf, kept = Shelf(a=b"A", b=b"B"), PayloadCache(MEBIBYTE).of(1)
    assert shown(kept, shelf, "a", "gone") == {"a": b"A"}
    assert shown(kept, shelf, "a", "b") == {"a": b"A", "b": b"B"}
    assert shown(kept, shelf, "b", "a") == {"a": b"A", "b": b"B"}
    assert shelf.reads == [["a", "gone"], ["b"]]


def test_generations_and_details_are_kept_apart() -> None:
    cache = PayloadCache(MEBIBYTE)
    message = product_pb2.Product(title="Tee", description="long")
    message.attributes["material"].values.append("cotton")
    message.translations["zh"].title = "T恤"
    message.translations["zh"].description = "长"
    first, second = Shelf(a=message.SerializeToString()), Shelf(a=b"")
    assert shown(cache.of(1), first, "a") == {"a": message.SerializeToString()}
    assert shown(cache.of(2), second, "a") == {"a": b""}
    for _ in range(2):
        listed = cache.of(1).shown(["a"], detail=LISTED, read=first.read)["a"]
        assert product_pb2.Product.FromString(listed) == product_pb2.Product(
            title="Tee", translations={"zh": product_pb2.LocalizedText(title="T恤")}
        )
    assert first.reads == [["a"], ["a"]]


def test_a_change_is_seen_once_its_block_ends_however_it_ends() -> None:
    shelf, kept = Shelf(a=b"old"), PayloadCache(MEBIBYTE).of(1)
    shown(kept, shelf, "a")
    with kept.changing(["a"]):
        shelf.payloads["a"] = b"new"
    assert shown(kept, shelf, "a") == {"a": b"new"}
    with pytest.raises(ZeroDivisionError), kept.changing(["a"]):
        shelf.payloads["a"] = b"%d" % (1 / 0)
    assert shown(kept, shelf, "a") == {"a": b"new"}
    assert shelf.reads == [["a"]] * 3
    kept.forget()
    shelf.payloads.clear()
    assert shown(kept, shelf, "a") == {}


def test_what_was_read_before_a_change_and_comes_after_it_is_not_kept() -> None:
    shelf, kept = Shelf(a=b"old"), PayloadCache(MEBIBYTE).of(1)

    def read_slowly(ids: Sequence[str]) -> Mapping[str, bytes]:
        read = shelf.read(ids)
        with kept.changing(["a"]):
            shelf.payloads["a"] = b"new"
        return read

    assert kept.shown(["a"], detail=WHOLE, read=read_slowly) == {"a": b"old"}
    assert shown(kept, shelf, "a") == {"a": b"new"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 400)), max_size=60))
def test_no_more_is_kept_than_was_allowed(asked: list[tuple[int, int]]) -> None:
    cache = PayloadCache(1_500)
    kept = cache.of(1)
    for number, size in asked:
        shelf = Shelf(**{str(number): b"x" * size})
        assert len(shown(kept, shelf, str(number))[str(number)]) <= 400
        assert 0 <= cache.held_bytes <= 1_500
    kept.forget()
    assert cache.held_bytes == 0


def test_what_was_shown_lately_stays_longest() -> None:
    shelf, kept = Shelf(a=b"x" * 250, b=b"x" * 250, c=b"x" * 250), PayloadCache(1_100).of(1)
    for product_id in "abaca":
        shown(kept, shelf, product_id)
    assert shelf.reads == [["a"], ["b"], ["c"]]


def test_nothing_is_kept_where_nothing_may_be() -> None:
    shelf, kept = Shelf(a=b"A"), PayloadCache(0).of(1)
    assert [shown(kept, shelf, "a") for _ in range(2)] == [{"a": b"A"}] * 2
    assert shelf.reads == [["a"], ["a"]]


def test_readers_beside_a_writer_never_see_what_a_change_before_theirs_replaced() -> None:
    shelf, kept = Shelf(a=b"0"), PayloadCache(MEBIBYTE).of(1)
    written, stale, stop = [0], list[tuple[int, int]](), threading.Event()

    def read_until_stopped() -> None:
        while not stop.is_set():
            least = written[0]
            seen = int(shown(kept, shelf, "a")["a"])
            if seen < least:
                stale.append((seen, least))

    readers = [threading.Thread(target=read_until_stopped, daemon=True) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 500):
        with kept.changing(["a"]):
            shelf.payloads["a"] = str(number).encode()
        written[0] = number
    stop.set()
    for reader in readers:
        reader.join(20)
    assert not stale
    assert shown(kept, shelf, "a") == {"a": b"499"}


@pytest.fixture
def twice(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """One store as two processes have it."""
    url = f"sqlite:///{tmp_path / 'products.db'}"
    with (
        closing(Store(url, product_cache_bytes=MEBIBYTE)) as here,
        closing(Store(url, product_cache_bytes=MEBIBYTE)) as there,
    ):
        yield here, there


@pytest.fixture
def served(twice: tuple[Store, Store]) -> Generation:
    generations = twice[0].generations
    generation = generations.begin(catalog="shop", bundle="b", layout=1)
    generations.serve(generation, instead_of=None)
    return generation


def stored(product_id: str, title: str) -> StoredProduct:
    message = product_pb2.Product(name=f"catalogs/shop/products/{product_id}", title=title)
    return StoredProduct(
        id=product_id,
        payload=message.SerializeToString(),
        text_vector=None,
        image_vector=None,
        terms=bytes(4 * len(LISTS)),
    )


def titles(rows: ProductRows) -> dict[str, str]:
    payloads = rows.kept.shown(["a", "b"], detail=LISTED, read=rows.get_many)
    return {each: product_pb2.Product.FromString(found).title for each, found in payloads.items()}


def retitled(found: Mapping[str, bytes]) -> dict[str, Rewritten]:
    return {each: Rewritten(payload=stored(each, "newer").payload, pending=False) for each in found}


def test_whatever_is_written_here_is_shown_at_once(
    twice: tuple[Store, Store], served: Generation
) -> None:
    rows, same = (twice[0].rows(served.number) for _ in range(2))
    rows.write_pending([stored("a", "old"), stored("b", "old")], values={})
    assert titles(rows) == titles(same) == {"a": "old", "b": "old"}
    rows.write_pending([stored("a", "new")], values={})
    assert titles(rows) == titles(same) == {"a": "new", "b": "old"}
    rows.rewrite(["b"], retitled)
    assert titles(rows) == titles(same) == {"a": "new", "b": "newer"}
    rows.mark_deleting(["a"])
    assert titles(rows) == titles(same) == {"b": "newer"}


Take = Callable[[ProductTable, ProductRows], None]


@pytest.mark.parametrize(
    "take",
    [
        lambda table, rows: load_products(table, rows, ids=["a", "b"], dimension=4),
        lambda table, rows: load_signals(table, rows, ids=["a", "b"]),
        lambda table, rows: reload_table(table, rows, dimension=4),
    ],
    ids=["products", "signals", "everything"],
)
def test_what_is_written_elsewhere_is_shown_once_the_table_takes_it(
    twice: tuple[Store, Store], served: Generation, take: Take
) -> None:
    here, there = (each.rows(served.number) for each in twice)
    table = ProductTable(dimension=4, fold=str)
    here.write_pending([stored("a", "old"), stored("b", "old")], values={})
    assert titles(here) == {"a": "old", "b": "old"}
    there.rewrite(["a"], retitled)
    there.mark_deleting(["b"])
    take(table, here)
    assert titles(here) == {"a": "newer"}
