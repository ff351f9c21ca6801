from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from exporter.spec import Manifest
from server.errors import FailedPrecondition
from server.ingest.incoming import IncomingProduct, WriteStatus
from server.retrieval.exact import ExactEngine
from tests.server.ingest.shop_parts import MANIFEST, Shop, everywhere, item

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
