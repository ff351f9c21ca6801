"""The matrix as a whole: its order, its fingerprint, and what holds for any request."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.columns import (
    AffinityField,
    CandidateColumns,
    Int32Array,
    QueryFacts,
    TermColumn,
    TermField,
)
from ranker.features.schema import FAMILIES, FAMILY_OF, FEATURES, compute, fingerprint

RequestMaker = Callable[[int, int], tuple[QueryFacts, CandidateColumns]]


def test_names_are_unique() -> None:
    names = [feature.name for feature in FEATURES]
    assert len(set(names)) == len(names) == len(FAMILY_OF)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_columns_stand_in_order(request_of: RequestMaker) -> None:
    query, candidates = request_of(11, 9)
    matrix = compute(query, candidates)
    named = {
        name: row for family in FAMILIES for name, row in family.named(query, candidates).items()
    }
    assert matrix.shape == (9, len(FEATURES))
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    for column, feature in zip(matrix.T, FEATURES, strict=True):
        np.testing.assert_array_equal(column, named[feature.name])


@pytest.mark.parametrize(
    "changed",
    [
        (replace(FAMILIES[0], version=99), *FAMILIES[1:]),
        (replace(FAMILIES[0], features=FAMILIES[0].features[::-1]), *FAMILIES[1:]),
        FAMILIES[::-1],
        FAMILIES[1:],
    ],
    ids=["version", "order of features", "order of families", "family less"],
)
def test_fingerprint_tells_a_change(changed: tuple[object, ...]) -> None:
    assert fingerprint(changed) != fingerprint()  # type: ignore[arg-type]
    assert fingerprint(tuple(FAMILIES)) == fingerprint()


@given(seed=st.integers(0, 10_000), count=st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_any_request_has_a_matrix_without_infinities(
    request_of: RequestMaker, seed: int, count: int
) -> None:
    matrix = compute(*request_of(seed, count))
    assert matrix.shape == (count, len(FEATURES))
    assert not np.isinf(matrix).any()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_nothing_known_is_no_error(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns], count: int
) -> None:
    blank = replace(candidates(count), terms={}, affinities={})
    assert compute(query(), blank).shape == (count, len(FEATURES))


CODES = ("brand", "color", "category", "group")
FLOATS = [
    name
    for name in CandidateColumns.__slots__
    if name not in {"affinities", "terms", "vectors", *CODES}
]


@given(
    seed=st.integers(0, 10_000),
    column=st.sampled_from(FLOATS),
    value=st.sampled_from([np.inf, -np.inf, np.nan, -1.0, 3e38, -3e38, 1e-40]),
    everywhere=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_an_odd_column_makes_nothing_infinite(
    request_of: RequestMaker, seed: int, column: str, *, value: float, everywhere: bool
) -> None:
    query, candidates = request_of(seed, 6)
    odd = getattr(candidates, column).copy()
    odd[: None if everywhere else 1] = value
    changed: dict[str, Any] = {column: odd}
    assert not np.isinf(compute(query, replace(candidates, **changed))).any()


@pytest.mark.parametrize("column", FLOATS)
def test_a_constant_column_sets_nothing_apart(request_of: RequestMaker, column: str) -> None:
    query, candidates = request_of(3, 6)
    alike: dict[str, Any] = {name: np.full(6, 2, dtype=np.float32) for name in FLOATS}
    alike |= {name: np.zeros(6, dtype=np.int32) for name in CODES}
    alike |= {"affinities": {}, "terms": {}, "vectors": candidates.vectors[[0] * 6]}
    alike[column] = np.full(6, 7, dtype=np.float32)
    matrix = compute(query, replace(candidates, **alike))
    np.testing.assert_array_equal(matrix, matrix[[0] * 6])


@given(seed=st.integers(0, 10_000), count=st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_permuting_candidates_permutes_rows(
    request_of: RequestMaker, seed: int, count: int
) -> None:
    query, candidates = request_of(seed, count)
    order = np.random.default_rng(seed).permutation(count).astype(np.int32)
    np.testing.assert_allclose(
        compute(query, permuted(candidates, order)),
        compute(query, candidates)[order],
        rtol=1e-4,
        atol=1e-4,
    )


def permuted(candidates: CandidateColumns, order: Int32Array) -> CandidateColumns:
    columns = {
        name: getattr(candidates, name)[order]
        for name in CandidateColumns.__slots__
        if name not in {"terms", "affinities"}
    }
    return CandidateColumns(
        **columns,
        affinities={field: candidates.affinities[field][order] for field in AffinityField},
        terms={field: permuted_terms(candidates.terms[field], order) for field in TermField},
    )


def permuted_terms(column: TermColumn, order: Int32Array) -> TermColumn:
    rows = np.split(column.terms, column.offsets[1:-1])
    lengths = np.diff(column.offsets)[order]
    return TermColumn(
        terms=np.concatenate([rows[place] for place in order]),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int32),
    )
