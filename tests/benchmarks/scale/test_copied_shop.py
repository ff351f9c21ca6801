"""Copies are products of their own with vectors near those they were made of."""

import numpy as np
import pytest
from omnishelf.v1 import product_pb2

from benchmarks.scale.copied_shop import copies
from server.catalog.rows import StoredProduct
from server.catalog.vector_bytes import pack, unpack

VECTORS = np.eye(3, 64, dtype=np.float32)
TEXTS = pack(VECTORS, has=[True, True, True])
ROWS = [
    StoredProduct(
        id=f"p{number}",
        payload=product_pb2.Product(
            name=f"catalogs/shop/products/p{number}", title=f"Thing {number}", group_id="g"
        ).SerializeToString(),
        text_vector=TEXTS[number],
        image_vector=TEXTS[number] if number else None,
        terms=b"",
    )
    for number in range(3)
]


def all_of(products: int) -> list[StoredProduct]:
    return [row for batch in copies(ROWS, products=products, dimension=64) for row in batch]


@pytest.mark.parametrize("products", [1, 3, 500, 1_001])
def test_there_are_as_many_as_asked_for_and_each_has_an_id(products: int) -> None:
    made = all_of(products)
    assert len(made) == products
    assert len({row.id for row in made}) == products


def test_a_copy_is_named_and_titled_as_itself() -> None:
    fifth = all_of(5)[4]
    message = product_pb2.Product.FromString(fifth.payload)
    assert fifth.id == "0000004"
    assert message.name == "catalogs/copies/products/0000004"
    assert message.title == "Thing 1 M4"


def test_vectors_are_near_the_original_and_each_ones_own() -> None:
    made = all_of(300)
    text, has_text = unpack([row.text_vector for row in made], dimension=64)
    _, has_image = unpack([row.image_vector for row in made], dimension=64)
    near = (text * VECTORS[np.arange(300) % 3]).sum(axis=1)
    assert has_text.all()
    assert has_image.tolist() == [False, True, True] * 100
    # A unit vector and noise of length 0.25.
    assert 0.9 < near.min() < near.max() < 1.0
    assert len(np.unique(text, axis=0)) == 300


def test_they_are_the_same_again() -> None:
    assert all_of(700) == all_of(700)
