from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from omnishelf.v1 import product_pb2

from ranker.columns import TermField
from server.arrays import Float32Array
from server.catalog.catalogs import Catalog
from server.deadline import Deadline
from server.errors import DeadlineExceeded, InvalidRequest, NotFound, Violation
from server.ingest import batches
from server.ingest.commit import Batch, commit
from server.ingest.incoming import IncomingProduct, WriteStatus
from server.retrieval.exact import ExactEngine
from server.retrieval.protocol import View, ViewQuery
from tests.server.ingest.shop_parts import MANIFEST, Shop, everywhere, found, item, open_shop, png

WRITTEN, REFUSED, SUPERSEDED = WriteStatus.WRITTEN, WriteStatus.REFUSED, WriteStatus.SUPERSEDED
Reopen = Callable[..., Shop]


def test_what_is_written_is_searchable_durable_and_in_the_table(shop: Shop) -> None:
    outcomes = shop.writer.write(
        "shop",
        [
            item("a", picture=png(1), color="Red", price=5.0),
            item("b", category_paths=("Women/Tops",)),
        ],
    )

    assert [(each.product_id, each.status) for each in outcomes] == [("a", WRITTEN), ("b", WRITTEN)]
    assert everywhere(shop) == {"a", "b"}
    assert found(shop, View.TEXT, b"red, Product a") == "a"
    assert found(shop, View.TEXT, b"women tops, Product b") == "b"
    stored = product_pb2.Product.FromString(outcomes[0].payload)
    assert stored.name == "catalogs/shop/products/a"
    assert stored.update_time.seconds > 1_700_000_000
    assert shop.catalog().products.get_many(["a"]) == {"a": outcomes[0].payload}
    reader = shop.catalog().table.reader()
    assert reader.lacks("image")
    assert reader.facets(reader.rows(["a", "b"]), field="color", limit=5) == (("Red", 1),)


def test_a_picture_is_found_by_its_pixels(shop: Shop) -> None:
    shop.writer.write("shop", [item("a", picture=png(1)), item("b", picture=png(2))])

    pixels = np.full((8, 8, 3), 2, dtype=np.uint8).tobytes()
    assert found(shop, View.IMAGE, pixels) == "b"


def test_one_bad_product_does_not_stop_the_others(shop: Shop) -> None:
    wire = Violation(field="price", reason="WIRE", description="is odd")
    outcomes = shop.writer.write(
        "shop",
        [
            item("a"),
            item("b", price=-1.0, title=" "),
            item("c", picture=b"%PDF-1.7"),
            replace(item("d", price=-1.0), violations=(wire,)),
            item("e"),
        ],
    )

    assert [each.status for each in outcomes] == [WRITTEN, REFUSED, REFUSED, REFUSED, WRITTEN]
    assert [violation.field for violation in outcomes[1].violations] == ["title", "price"]
    assert [(each.field, each.reason) for each in outcomes[2].violations] == [
        ("image", "PICTURE_FORMAT")
    ]
    assert outcomes[3].violations == (wire,)
    assert everywhere(shop) == {"a", "e"}


def test_all_or_none_writes_none_and_names_every_violation(shop: Shop) -> None:
    with pytest.raises(InvalidRequest) as caught:
        shop.writer.write(
            "shop",
            [
                item("a", field="products[0]."),
                item("a", field="products[1].", stock=-1),
                item("b", field="products[2].", picture=b"no picture"),
            ],
            all_or_none=True,
        )

    assert [(each.field, each.reason) for each in caught.value.violations] == [
        ("products[1].stock", "OUT_OF_RANGE"),
        ("products[1].id", "ID_REPEATED"),
        ("products[2].image", "PICTURE_FORMAT"),
    ]
    assert shop.catalogs.names() == []
    assert shop.encoder.texts == []


def test_all_or_none_writes_all(shop: Shop) -> None:
    items = [item(f"p{place}", picture=png(place)) for place in range(70)]

    outcomes = shop.writer.write("shop", items, all_or_none=True)

    assert [each.product_id for each in outcomes] == [f"p{place}" for place in range(70)]
    assert everywhere(shop) == {f"p{place}" for place in range(70)}


def test_of_one_id_the_last_that_can_be_written_counts(shop: Shop) -> None:
    outcomes = shop.writer.write(
        "shop",
        [
            item("a", title="first"),
            item("b"),
            item("a", title="second"),
            item("a", title="third", price=-1.0),
        ],
    )

    assert [each.status for each in outcomes] == [SUPERSEDED, WRITTEN, WRITTEN, REFUSED]
    assert everywhere(shop) == {"a", "b"}
    assert found(shop, View.TEXT, b"second") == "a"


def test_a_product_written_again_is_replaced_everywhere(shop: Shop) -> None:
    shop.writer.write("shop", [item("a", title="old", picture=png(1), color="Red")])
    shop.writer.write("shop", [item("a", title="new", color="Blue")])

    assert everywhere(shop) == {"a"}
    assert found(shop, View.TEXT, b"blue, new") == "a"
    reader = shop.catalog().table.reader()
    assert reader.facets(reader.rows(["a"]), field="color", limit=5) == (("Blue", 1),)
    assert reader.lacks("image")


@pytest.mark.parametrize(
    ("again", "kept"), [(("a.png",), True), (("other.png",), False), ((), False)]
)
def test_a_picture_at_the_same_address_need_not_be_sent_again(
    shop: Shop, again: tuple[str, ...], *, kept: bool
) -> None:
    shop.writer.write("shop", [item("a", picture=png(9), image_uris=("a.png",))])
    pictures = shop.encoder.pictures

    shop.writer.write("shop", [item("a", price=3.0, image_uris=again)])

    assert shop.encoder.pictures == pictures
    assert shop.catalog().table.reader().lacks("image") is not kept
    if kept:
        pixels = np.full((8, 8, 3), 9, dtype=np.uint8).tobytes()
        assert found(shop, View.IMAGE, pixels) == "a"


def test_each_language_has_a_caption_and_values_are_embedded_once(shop: Shop) -> None:
    shop.writer.write("shop", [item("a", title="Mug", brand="Luma", color="Red")])
    first = list(shop.encoder.texts)
    shop.writer.write("shop", [item("b", title="Cup", brand="Luma", color="RED")])

    assert first == ["red, Mug", "red", "luma"]
    assert shop.encoder.texts[len(first) :] == ["red, Cup"]


def test_words_reach_the_ranker_and_the_lexical_view(shop: Shop) -> None:
    shop.writer.write(
        "shop", [item("a", title="Canvas Bag", description="sturdy handles"), item("b")]
    )

    reader = shop.catalog().table.reader()
    analyzer = shop.writer._analyzer
    canvas, sturdy = (analyzer.product_terms(word)[0] for word in ("canvas", "sturdy"))
    assert reader.document_frequency([canvas, sturdy]).tolist() == [1, 1]
    terms = reader._state.columns.terms(reader.rows(["a"]))
    assert canvas in terms[TermField.TITLE].terms.tolist()
    assert all(sturdy not in column.terms.tolist() for column in terms.values())
    hits = shop.catalog().index.search(
        ViewQuery(view=View.LEXICAL, words={sturdy: 1.0}), limit=5, deadline=Deadline.never()
    )
    assert hits.ids == ("a",)


def test_a_bundle_without_image_tower_takes_products_without_looking_at_pictures(
    reopen: Reopen,
) -> None:
    shop = reopen(manifest=replace(MANIFEST, image=None))

    outcomes = shop.writer.write("shop", [item("a", picture=b"not even a picture")])

    assert [each.status for each in outcomes] == [WRITTEN]
    assert shop.encoder.pictures == 0


def test_deleted_products_are_gone_everywhere(shop: Shop) -> None:
    shop.writer.write("shop", [item("a"), item("b"), item("c")])

    assert sorted(shop.writer.delete("shop", ["a", "missing", "c"])) == ["a", "c"]
    assert everywhere(shop) == {"b"}
    assert shop.writer.delete("shop", ["a"]) == []
    with pytest.raises(NotFound):
        shop.writer.delete("nothing", ["a"])


def test_a_deadline_that_passed_writes_nothing(shop: Shop) -> None:
    with pytest.raises(DeadlineExceeded):
        shop.writer.write("shop", [item("a")], deadline=Deadline.after(0.0))

    assert shop.catalogs.names() == []


def test_a_stream_is_read_two_batches_ahead_and_no_further(shop: Shop) -> None:
    taken = 0

    def items() -> list[IncomingProduct]:  # type: ignore[misc]
        nonlocal taken
        for place in range(200):
            taken += 1
            yield item(f"p{place}")

    outcomes = shop.writer.stream("shop", items())
    next(outcomes)

    # Three batches, and the product that shows that the third is whole.
    assert taken <= 3 * 32 + 1
    assert len(list(outcomes)) == 199
    assert len(everywhere(shop)) == 200


def test_a_batch_is_committed_while_the_next_one_is_encoded(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_is_encoded = threading.Event()
    met: list[bool] = []
    encode = shop.encoder.encode_texts

    def encoding(texts: Sequence[str], *, deadline: Deadline) -> Float32Array:
        if f"Product p{batches.BATCH_PRODUCTS}" in texts:
            next_is_encoded.set()
        return encode(texts, deadline=deadline)

    def committing(catalog: Catalog, batch: Batch) -> None:
        if batch.rows[0].id == "p0":
            met.append(next_is_encoded.wait(timeout=30))
        commit(catalog, batch)

    monkeypatch.setattr(shop.encoder, "encode_texts", encoding)
    monkeypatch.setattr(batches, "commit", committing)

    outcomes = shop.writer.stream("shop", [item(f"p{place}") for place in range(40)])

    assert [each.status for each in outcomes] == [WRITTEN] * 40
    assert met == [True]


def test_several_threads_may_write(shop: Shop) -> None:
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for place in range(5):
                shop.writer.write(
                    "shop", [item(f"{name}{place}", color=name), item("shared", color=name)]
                )
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,), daemon=True) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(everywhere(shop)) == 16


def test_every_store_serves(store_url: str, engine: ExactEngine) -> None:
    with ExitStack() as stack:
        shop = open_shop(store_url, engine, closing=stack)
        shop.writer.write("shop", [item("a", color="Red"), item("b", picture=png(1))])
        shop.writer.write("shop", [item("a", color="Blue")])
        shop.writer.delete("shop", ["b"])
        list(shop.writer.replace("other", [item("c")]))

        again = open_shop(store_url, engine, closing=stack)

        assert everywhere(again) == {"a"}
        assert found(again, View.TEXT, b"blue, Product a") == "a"
        assert again.catalogs.names() == ["other", "shop"]
