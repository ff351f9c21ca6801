from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from exporter.spec import Manifest
from server.errors import FailedPrecondition, Unavailable
from server.ingest.incoming import IncomingProduct, WriteStatus
from server.retrieval.exact import ExactEngine
from tests.server.ingest.shop_parts import MANIFEST, HashingEncoder, Shop, everywhere, item

WRITTEN, REFUSED = WriteStatus.WRITTEN, WriteStatus.REFUSED
Reopen = Callable[..., Shop]


def test_a_catalog_is_replaced_as_a_whole(shop: Shop, engine: ExactEngine) -> None:
    shop.writer.write("shop", [item("old")])
    before = shop.catalog().index.name

    outcomes = list(shop.writer.replace("shop", [item("new"), item("bad", price=-1.0)]))

    assert [each.status for each in outcomes] == [WRITTEN, REFUSED]
    assert everywhere(shop) == {"new"}
    assert engine.names() == [shop.catalog().index.name] != [before]


def test_while_a_catalog_is_replaced_the_old_one_answers(shop: Shop) -> None:
    shop.writer.write("shop", [item("old")])
    outcomes = shop.writer.replace("shop", [item(f"p{place}") for place in range(100)])
    next(outcomes)

    assert everywhere(shop) == {"old"}

    list(outcomes)
    assert len(everywhere(shop)) == 100


@pytest.mark.parametrize("leave", ["early", "nothing written", "failed"])
def test_a_replacement_that_does_not_finish_leaves_the_old_one(
    shop: Shop, engine: ExactEngine, leave: str
) -> None:
    shop.writer.write("shop", [item("old")])

    def failing() -> list[IncomingProduct]:  # type: ignore[misc]
        yield item("new")
        raise OSError("the file is gone")

    if leave == "early":
        outcomes = shop.writer.replace("shop", [item(f"p{place}") for place in range(100)])
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
    elif leave == "failed":
        with pytest.raises(OSError, match="gone"):
            list(shop.writer.replace("shop", failing()))
    else:
        with pytest.raises(FailedPrecondition) as caught:
            list(shop.writer.replace("shop", [item("bad", price=-1.0)]))
        assert caught.value.reason == "NOTHING_WRITTEN"

    assert everywhere(shop) == {"old"}
    assert engine.names() == [shop.catalog().index.name]
    assert shop.store.generations.unserved("shop") == []


def test_a_catalog_of_another_bundle_is_refused_until_it_is_replaced(reopen: Reopen) -> None:
    other: Manifest = replace(MANIFEST, name="other")
    reopen(manifest=other).writer.write("shop", [item("a")])
    shop = reopen()

    for work in (
        lambda: shop.catalogs.get("shop"),
        lambda: shop.writer.write("shop", [item("b")]),
        lambda: shop.writer.delete("shop", ["a"]),
    ):
        with pytest.raises(FailedPrecondition) as caught:
            work()
        assert caught.value.reason == "CATALOG_OF_OTHER_BUNDLE"
        assert "omnishelf index CATALOG_FILE --catalog shop --replace" in caught.value.message

    list(shop.writer.replace("shop", [item("b")]))

    assert everywhere(shop) == {"b"}
    assert everywhere(reopen()) == {"b"}


def test_a_replacement_in_batches_answers_each_and_is_served_at_its_end(shop: Shop) -> None:
    shop.writer.write("shop", [item("old")])
    with shop.writer.replacing("shop") as write:
        assert [each.status for each in write([item("a"), item("b", price=-1.0)])] == [
            WRITTEN,
            REFUSED,
        ]
        assert [each.status for each in write([item("c"), item("c", title="later")])] == [
            WriteStatus.SUPERSEDED,
            WRITTEN,
        ]
        assert everywhere(shop) == {"old"}
    assert everywhere(shop) == {"a", "c"}


def test_while_a_catalog_is_replaced_nobody_writes_to_it_and_others_may(shop: Shop) -> None:
    shop.writer.write("shop", [item("old")])
    with shop.writer.replacing("shop") as write:
        write([item("new")])
        for work in (
            lambda: shop.writer.write("shop", [item("lost")]),
            lambda: list(shop.writer.stream("shop", [item("lost")])),
            lambda: list(shop.writer.replace("shop", [item("lost")])),
            lambda: shop.writer.delete("shop", ["old"]),
        ):
            with pytest.raises(Unavailable) as caught:
                work()
            assert caught.value.reason == "CATALOG_BEING_REPLACED"
        shop.writer.write("other", [item("kept")])
    shop.writer.write("shop", [item("later")])
    assert everywhere(shop) == {"new", "later"}


def test_what_was_begun_before_a_replacement_with_another_bundle_is_refused(
    shop: Shop,
) -> None:
    """The towers are slow here: while they work the catalog becomes another bundle's."""
    shop.writer.write("shop", [item("old")])
    other = HashingEncoder(replace(MANIFEST, name="other"))
    encode = shop.encoder.encode_texts

    def slow(*arguments: object, **options: object) -> object:
        shop.encoder.encode_texts = encode  # type: ignore[method-assign]
        shop.shelf.put(other)
        shop.shelf.promote(other.manifest.id)
        list(shop.writer.replace("shop", [item("new")]))
        return encode(*arguments, **options)  # type: ignore[arg-type]

    shop.encoder.encode_texts = slow  # type: ignore[method-assign, assignment]
    with pytest.raises(Unavailable) as caught:
        shop.writer.write("shop", [item("late")])
    assert caught.value.reason == "CATALOG_REPLACED"
    assert everywhere(shop) == {"new"}
    shop.writer.write("shop", [item("late")])
    assert other.texts[-1] == "Product late"
    assert everywhere(shop) == {"new", "late"}
