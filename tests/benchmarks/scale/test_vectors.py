"""Shops of vectors: unit rows from one seed, a larger shop beginning with a smaller one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scale.vectors import (
    BLOCK_ROWS,
    ShopVectors,
    asked_texts,
    caption_texts,
    product_ids,
)

CAPTIONS = np.eye(6, 16, dtype=np.float32)


def whole(shop: ShopVectors) -> np.ndarray:
    return np.concatenate([block for _, block in shop.blocks()])


@pytest.mark.parametrize("products", [1, 100, BLOCK_ROWS, BLOCK_ROWS + 1])
def test_blocks_hold_every_product_once(products: int) -> None:
    blocks = list(ShopVectors(captions=CAPTIONS, products=products).blocks())
    assert [start for start, _ in blocks] == list(range(0, products, BLOCK_ROWS))
    assert sum(len(block) for _, block in blocks) == products


@settings(max_examples=8, deadline=None)
@given(small=st.integers(1, BLOCK_ROWS + 9), more=st.integers(0, 50))
def test_a_larger_shop_begins_with_the_smaller(small: int, more: int) -> None:
    fewer = whole(ShopVectors(captions=CAPTIONS, products=small))
    larger = whole(ShopVectors(captions=CAPTIONS, products=small + more))
    assert np.array_equal(fewer, larger[:small])


def test_vectors_are_unit_float32_and_of_their_seed() -> None:
    shop = ShopVectors(captions=CAPTIONS, products=500, seed=1)
    vectors = whole(shop)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, whole(shop))
    other = whole(ShopVectors(captions=CAPTIONS, products=500, seed=2))
    assert not np.allclose(vectors, other)


def test_products_gather_around_captions() -> None:
    nearest = whole(ShopVectors(captions=CAPTIONS, products=2_000)) @ CAPTIONS.T
    # One caption of length 1 beside a part of 0.45 and noise of 0.35.
    assert np.median(nearest.max(axis=1)) > 0.8
    assert len(np.unique(nearest.argmax(axis=1))) == len(CAPTIONS)


def test_ids_are_numbers_of_seven_digits() -> None:
    assert product_ids(99, 3) == ["0000099", "0000100", "0000101"]


def test_texts_are_the_same_for_one_seed_and_differ_among_each_other() -> None:
    captions, asked = caption_texts(300), asked_texts(100)
    assert (captions, asked) == (caption_texts(300), asked_texts(100))
    assert len(set(captions)) > 250
    assert len(set(asked)) > 80
    assert all(len(text.split()) >= 2 for text in asked)
