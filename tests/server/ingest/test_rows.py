"""Filter columns, words and vectors of records by themselves."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ranker.columns import TermField
from server.arrays import Float32Array
from server.catalog.record import LocalizedText, ProductRecord
from server.deadline import Deadline
from server.ingest.check import distinct_batches
from server.ingest.embed import embed_texts, embed_values, start_embedding
from server.ingest.filter_columns import filter_columns
from server.ingest.words import product_words
from server.retrieval.analysis import Analyzer
from server.retrieval.protocol import UNKNOWN_STOCK
from server.signals.terms import LISTS
from tests.server.ingest.shop_parts import DIMENSION, HashingEncoder, hashed, item

NEVER = Deadline.never()


def record(**fields: object) -> ProductRecord:
    return ProductRecord(**{"id": "p", "title": "t", "group_id": "p", **fields})  # type: ignore[arg-type]


def test_filter_columns_are_folded() -> None:
    columns = filter_columns(
        [
            record(
                group_id="G1",
                brand="LUMA  Sport",
                color="Sky Blue",
                category_paths=("Women / Tops", "women/tops", "Sale"),
                attributes={"Size": ("XL", "xl"), "empty": ()},
                price=3.5,
                stock=0,
                rating=4.0,
            ),
            record(),
        ]
    )

    assert columns.group_id == ("g1", "p")
    assert columns.brand == ("luma sport", "")
    assert columns.color == ("sky blue", "")
    assert columns.leaf_paths == (("women/tops", "sale"), ())
    assert columns.categories == (("women", "women/tops", "sale"), ())
    assert columns.attributes == ({"size": ("xl",), "empty": ()}, {})
    assert list(columns.stock) == [0, UNKNOWN_STOCK]
    assert columns.price[0] == 3.5
    assert math.isnan(columns.price[1])
    assert columns.rating[0] == 4.0
    assert math.isnan(columns.rating[1])


def test_words_stand_under_the_field_they_come_from() -> None:
    analyzer = Analyzer({})
    words = product_words(
        record(
            title="Canvas bag",
            description="sturdy",
            translations={"en": LocalizedText(title="tote", description="roomy")},
            category_paths=("Gear/Bags",),
            color="Red",
            brand="Luma",
            attributes={"material": ("cotton",)},
        ),
        analyzer=analyzer,
    )

    def terms(*texts: str) -> set[int]:
        return {term for text in texts for term in analyzer.product_terms(text)}

    assert {name: set(found) for name, found in words.terms.items()} == {
        TermField.TITLE: terms("Canvas bag", "tote"),
        TermField.CATEGORY: terms("Gear/Bags"),
        TermField.COLOR: terms("Red"),
        TermField.BRAND: terms("Luma"),
        TermField.ATTRIBUTE: terms("cotton"),
        "rest": terms("sturdy", "roomy"),
    }
    assert set(words.terms) == set(LISTS)
    assert set(words.weights) == {term for found in words.terms.values() for term in found}


def test_the_text_vector_is_the_mean_over_the_captions() -> None:
    records = [
        record(title="one"),
        record(title="two", translations={"zh": LocalizedText(title="二")}),
    ]

    vectors = embed_texts(records, encoder=HashingEncoder(), deadline=NEVER)

    both = hashed(b"two") + hashed("二".encode())
    assert vectors[0].tolist() == pytest.approx(hashed(b"one").tolist(), abs=1e-6)
    assert vectors[1].tolist() == pytest.approx((both / np.linalg.norm(both)).tolist(), abs=1e-6)


def test_captions_that_cancel_out_leave_the_first() -> None:
    class Opposing(HashingEncoder):
        def encode_texts(
            self, texts: object, *, deadline: Deadline, clock: object = None
        ) -> Float32Array:
            return np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)

    records = [record(title="two", translations={"zh": LocalizedText(title="二")})]

    vectors = embed_texts(records, encoder=Opposing(), deadline=NEVER)

    assert vectors.tolist() == [[1.0, 0.0]]


def test_pictures_stand_at_the_place_of_their_product() -> None:
    pixels = np.ones((8, 8, 3), dtype=np.uint8)

    given = [None if place % 3 == 0 else pixels * place for place in range(30)]

    with ThreadPoolExecutor(2) as pool:
        embedding = start_embedding(
            [record(title="one")] * 30, given, encoder=HashingEncoder(), deadline=NEVER, pool=pool
        )
        texts, vectors = embedding.vectors()

    assert embedding.has.tolist() == [each is not None for each in given]
    np.testing.assert_allclose(texts, [hashed(b"one")] * 30, rtol=1e-6)
    for vector, each in zip(vectors, given, strict=True):
        expected = np.zeros(DIMENSION) if each is None else hashed(each.tobytes())
        assert vector.tolist() == expected.tolist()


def test_nothing_is_not_encoded() -> None:
    encoder = HashingEncoder()

    assert embed_values([], encoder=encoder, deadline=NEVER) == {}
    with ThreadPoolExecutor(1) as pool:
        embedding = start_embedding(
            [record(title="one")], [None], encoder=encoder, deadline=NEVER, pool=pool
        )
        _, pictures = embedding.vectors()
    assert embedding.has.tolist() == [False]
    assert not pictures.any()
    assert (encoder.texts, encoder.pictures) == (["one"], 0)


def test_what_is_abandoned_is_not_begun_and_what_has_begun_is_awaited() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(HashingEncoder):
        def encode_texts(
            self, texts: Sequence[str], *, deadline: Deadline, clock: object = None
        ) -> Float32Array:
            entered.set()
            leave.wait(timeout=30)
            return super().encode_texts(texts, deadline=deadline)

    encoder, pixels = Slow(), np.ones((8, 8, 3), dtype=np.uint8)
    with ThreadPoolExecutor(1) as pool:
        embedding = start_embedding(
            [record(title="one")] * 9, [pixels] * 9, encoder=encoder, deadline=NEVER, pool=pool
        )
        assert entered.wait(timeout=30)
        # The one thread is busy with the texts until the last run of pictures is taken back.
        embedding.pictures[-1].add_done_callback(lambda _: leave.set())
        embedding.abandon()

    assert embedding.text.done()
    assert all(run.cancelled() for run in embedding.pictures)
    assert encoder.pictures == 0
    embedding.abandon()


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ("", []),
        ("abcde", ["abc", "de"]),
        ("abac", ["ab", "ac"]),
        ("aaa", ["a", "a", "a"]),
        ("abcabc", ["abc", "abc"]),
    ],
)
def test_no_batch_holds_an_id_twice(ids: str, expected: list[str]) -> None:
    batches = distinct_batches([item(each) for each in ids], size=3)

    assert ["".join(each.record.id for each in batch) for batch in batches] == expected
