"""Values coded once a kind are those that coding each product gives."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.record import ProductRecord
from server.signals.affinity import AffinityValues, value_texts
from server.signals.kinds import kind_columns
from tests.server.signals.table_parts import product

_records = st.builds(
    product,
    st.just("p"),
    brand=st.sampled_from(["", "Luma", "LUMA", "Other"]),
    color=st.sampled_from(["", "Red", "red"]),
    category_paths=st.lists(
        st.sampled_from(["", " / ", "A", "a/", "A/B", "A/C", "D/E/F"]), max_size=4
    ).map(tuple),
)


def taught(records: list[ProductRecord]) -> AffinityValues:
    values = AffinityValues(dimension=1, fold=str.casefold)
    texts = dict.fromkeys(text for record in records for text in value_texts(record))
    values.learn({text: np.ones(1, dtype=np.float32) for text in texts})
    return values


def test_codes_run_in_the_order_of_the_records() -> None:
    records = [
        product("1", brand="B", color="Red", category_paths=("Sale", "A/B", "A/C")),
        product("2", color="Blue"),
        product("3", brand="B", color="Red", category_paths=("Sale", "A/B", "A/C")),
        product("4", brand="C", color="red", category_paths=("a/c",)),
    ]

    found = kind_columns(records, values=taught(records))

    # Brand B 0, C 1; colour Red 0, Blue 1; paths Sale 0, A/B 1, A/C 2.
    assert found.codes.tolist() == [[0, 0, 1], [-1, 1, -1], [0, 0, 1], [1, 0, 2]]
    # The deepest first, and one that stands for none.
    assert found.path_lengths.tolist() == [[2, 1], [1, 0], [2, 1], [1, 0]]
    assert found.path_codes.tolist() == [1, 2, 0, -1, 1, 2, 0, 2]
    assert {found.codes.dtype, found.path_codes.dtype, found.path_lengths.dtype} == {
        np.dtype(np.int32)
    }


@given(st.lists(_records, min_size=1, max_size=12))
def test_each_product_is_coded_as_if_it_were_alone(records: list[ProductRecord]) -> None:
    together, apart = taught(records), taught(records)

    found = kind_columns(records, values=together)
    alone = [kind_columns([record], values=apart) for record in records]

    assert found.codes.tolist() == [codes for each in alone for codes in each.codes.tolist()]
    assert found.path_lengths.tolist() == [each.path_lengths.tolist()[0] for each in alone]
    assert found.path_codes.tolist() == list(
        itertools.chain.from_iterable(each.path_codes.tolist() for each in alone)
    )
    assert together.brands.written == apart.brands.written
    assert together.levels_of_path == apart.levels_of_path
