"""Growing arrays, ragged lists, term blobs, facets and int8 vectors by themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from server.arrays import Float32Array
from server.signals.facets import price_ranges, top_counts
from server.signals.growing import GrowingArray
from server.signals.ragged import gather_lists
from server.signals.terms import LISTS, from_blobs, product_counts, term_rows, to_blobs
from server.signals.vectors import fuse, quantise, similarities, unit_rows


def test_a_growing_array_keeps_what_readers_hold() -> None:
    array = GrowingArray(np.int32)
    assert array.append(np.arange(3)) == 0
    held = array.rows
    assert array.append(np.arange(500)) == 3

    assert len(array) == 503
    assert held[:3].tolist() == [0, 1, 2]
    assert array.rows[:5].tolist() == [0, 1, 2, 0, 1]


def test_a_growing_array_doubles() -> None:
    array = GrowingArray(np.float32, width=2)
    capacities = set()
    for _ in range(1_000):
        array.append(np.ones((1, 2)))
        capacities.add(len(array.rows))

    assert capacities == {64, 128, 256, 512, 1024}


@given(st.lists(st.lists(st.integers(0, 99), max_size=4), max_size=6), st.data())
def test_lists_are_gathered_in_any_order(lists: list[list[int]], data: st.DataObject) -> None:
    flat = np.array([each for one in lists for each in one], dtype=np.int32)
    lengths = np.array([len(one) for one in lists], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    chosen = data.draw(st.lists(st.integers(0, len(lists) - 1)) if lists else st.just([]))
    places = np.array(chosen, dtype=np.int64)

    gathered, offsets = gather_lists(flat, starts=starts[places], lengths=lengths[places])

    assert [gathered[start:end].tolist() for start, end in itertools.pairwise(offsets)] == [
        lists[each] for each in chosen
    ]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(LISTS), st.lists(st.integers(0, 2**31 - 1), max_size=5), max_size=6
        ),
        max_size=6,
    )
)
def test_terms_come_back_from_blobs_and_are_counted(products: list[dict[str, list[int]]]) -> None:
    rows = term_rows(products)
    read = from_blobs(to_blobs(rows))

    assert read.flat.tolist() == rows.flat.tolist()
    assert read.lengths.tolist() == rows.lengths.tolist()
    found, counts = product_counts(rows)
    every = [{term for terms in fields.values() for term in terms} for fields in products]
    assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == {
        term: sum(term in each for each in every) for term in set().union(*every)
    }


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 5), st.just(16)), elements=st.floats(-1, 1, width=32)
    )
)
def test_a_quantised_component_is_within_half_a_step(vectors: Float32Array) -> None:
    rows, scales = quantise(vectors)

    error = np.abs(rows * scales[:, None] - vectors)
    assert (error <= scales[:, None] * 0.501 + 1e-12).all()


def test_similarities_are_inner_products() -> None:
    vectors = np.array([[0.6, 0.8], [0.0, 1.0]], dtype=np.float32)
    rows, scales = quantise(vectors)

    found = similarities(rows, scales, vector=np.array([0.8, 0.6], dtype=np.float32))

    assert found.tolist() == pytest.approx([0.96, 0.6], abs=5e-3)


@pytest.mark.parametrize(
    ("has_text", "has_image", "expected"),
    [
        (True, True, [0.5547, 0.83205]),  # 0.4 (1, 0) + 0.6 (0, 1), norm sqrt(0.52)
        (True, False, [0.0, 1.0]),
        (False, True, [1.0, 0.0]),
        (False, False, [0.0, 0.0]),
    ],
)
def test_views_fuse_by_share(
    has_text: bool,  # noqa: FBT001 - a table's column
    has_image: bool,  # noqa: FBT001 - a table's column
    expected: list[float],
) -> None:
    fused = fuse(
        np.array([[0.0, 1.0]], dtype=np.float32),
        np.array([[1.0, 0.0]], dtype=np.float32),
        has_text=np.array([has_text]),
        has_image=np.array([has_image]),
        image_share=0.4,
    )

    assert fused[0].tolist() == pytest.approx(expected, abs=1e-5)


def test_views_that_cancel_out_fuse_to_zero() -> None:
    assert unit_rows(np.zeros((1, 2), dtype=np.float32)).tolist() == [[0.0, 0.0]]


def test_frequent_values_come_first_and_equal_ones_by_name() -> None:
    written = ["b", "a", "c"]

    assert top_counts([0, 1, 2, 2, -1], written=written, limit=2) == (("c", 2), ("a", 1))
    assert top_counts([], written=written, limit=2) == ()


@pytest.mark.parametrize(
    ("prices", "limit", "expected"),
    [
        ([], 5, ()),
        ([np.nan], 5, ()),
        ([7.0], 5, (("7..8", 1),)),
        ([0.0], 5, (("0..0.01", 1),)),
        ([5.0, 15.0, 15.5, np.nan], 2, (("0..10", 1), ("10..20", 2))),
        ([0.0, 1000.0], 1, (("0..2000", 2),)),
    ],
)
def test_prices_fall_into_ranges(
    prices: list[float], limit: int, expected: tuple[tuple[str, int], ...]
) -> None:
    assert price_ranges(np.array(prices, dtype=np.float32), limit=limit) == expected


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=50), st.integers(1, 20))
def test_ranges_hold_every_price_once_and_keep_to_the_limit(
    prices: list[float], limit: int
) -> None:
    ranges = price_ranges(np.array(prices, dtype=np.float32), limit=limit)

    assert sum(count for _, count in ranges) == len(prices)
    assert 1 <= len(ranges) <= limit
