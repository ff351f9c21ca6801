"""Milvus answers what the exact twin answers, on random catalogues, writes and filters."""

from __future__ import annotations

import math
import string
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from server.arrays import Float32Array
from server.deadline import Deadline
from server.retrieval.exact import ExactEngine, ExactIndex
from server.retrieval.filters.fields import fold, with_ancestors
from server.retrieval.filters.parser import parse_filter
from server.retrieval.filters.tree import Filter
from server.retrieval.milvus import MilvusEngine
from server.retrieval.milvus_index import MilvusIndex
from server.retrieval.protocol import (
    UNKNOWN_STOCK,
    FilterColumns,
    IndexRows,
    View,
    ViewQuery,
)

Value = TypeVar("Value")

DIMENSION = 8
NAME = "omnishelf_agree_bundle_1"

ATTACKS = [
    '"',
    "'",
    "\\",
    '\\"',
    '" or price > -1e9 or brand == "',
    "' or 1=1 --",
    'x"] == 1 or tags["y',
    '"] not in [1] or id != ("',
    "{x}",
    "%a_",
    '\\\\" or true or "',
    "新 款",
    "\U0001f600",
    "$meta",
    "not a",
]
NASTY = st.text(alphabet="ab '\"\\%_{}[]()=<>!&|,.新\u200b\u00e9", min_size=1, max_size=8)
WORDS = st.one_of(st.sampled_from(["red", "blue", "a b"]), st.sampled_from(ATTACKS), NASTY)
FOLDED = WORDS.map(fold).filter(bool)
NAMES = st.sampled_from(["size", "care label", 'a"b', "a.b"])
LEVELS = st.sampled_from(["a", "b", 'x"y', "新"])
PATHS = st.lists(LEVELS, min_size=1, max_size=3).map("/".join)
IDS = st.one_of(st.sampled_from(["p1", "p2", "p3", "p4", "p5"]), st.sampled_from(ATTACKS), NASTY)
PRICES = st.sampled_from([0.0, 0.1, 9.99, 10.0, 1e6, math.nan])
STOCKS = st.sampled_from([0, 1, 5, UNKNOWN_STOCK])


@st.composite
def unit_vectors(draw: st.DrawFn) -> Float32Array:
    numbers = draw(st.lists(st.integers(-3, 3), min_size=DIMENSION, max_size=DIMENSION))
    vector = np.array(numbers, dtype=np.float32)
    if not vector.any():
        vector[0] = 1.0
    unit: Float32Array = vector / np.linalg.norm(vector)
    return unit


WORD_WEIGHTS = st.dictionaries(st.integers(0, 12), st.sampled_from([0.5, 1.0, 2.25]), max_size=5)


@st.composite
def catalogues(draw: st.DrawFn) -> IndexRows:
    ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    count = len(ids)

    def column(values: st.SearchStrategy[Value]) -> list[Value]:
        return draw(st.lists(values, min_size=count, max_size=count))

    leaves = [tuple(paths) for paths in column(st.lists(PATHS, max_size=2))]
    flags = np.array(column(st.booleans()), dtype=np.bool_)
    return IndexRows(
        ids=tuple(ids),
        text=np.array(column(unit_vectors()), dtype=np.float32),
        has_text=np.array(column(st.booleans()), dtype=np.bool_),
        image=np.array(column(unit_vectors()), dtype=np.float32),
        has_image=flags,
        lexical=tuple(column(WORD_WEIGHTS)),
        filters=FilterColumns(
            group_id=tuple(column(FOLDED)),
            categories=tuple(
                tuple(dict.fromkeys(each for path in paths for each in with_ancestors(path)))
                for paths in leaves
            ),
            leaf_paths=tuple(leaves),
            brand=tuple(column(FOLDED)),
            color=tuple(column(st.one_of(st.just(""), FOLDED))),
            price=column(PRICES),
            stock=column(STOCKS),
            rating=column(PRICES),
            attributes=tuple(
                column(
                    st.dictionaries(
                        NAMES, st.lists(FOLDED, min_size=1, max_size=2).map(tuple), max_size=2
                    )
                )
            ),
        ),
    )


def quote(text: str) -> str:
    """A string of the filter language, as a careful caller writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


EQUALITY = st.sampled_from(["=", "!=", ":"])
ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
COMPARISONS = st.one_of(
    st.tuples(st.just("id"), EQUALITY, IDS.map(quote)),
    st.tuples(st.sampled_from(["group_id", "brand", "color"]), EQUALITY, FOLDED.map(quote)),
    st.tuples(st.just("category"), EQUALITY, PATHS.map(quote)),
    st.tuples(NAMES.map(lambda name: f"attributes.{quote(name)}"), EQUALITY, FOLDED.map(quote)),
    st.tuples(
        st.sampled_from(["price", "rating", "stock"]),
        ORDER,
        st.sampled_from(["0", "0.1", "5", "9.99", "10", "-1", "2147483647", "1e15", "2.5"]),
    ),
).map("".join)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map(lambda each: f"NOT ({each})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda each: f"({' AND '.join(each)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda each: f"({' OR '.join(each)})"),
    ),
    max_leaves=8,
)
QUERIES = st.one_of(
    st.builds(ViewQuery, view=st.sampled_from([View.TEXT, View.IMAGE]), vector=unit_vectors()),
    st.builds(ViewQuery, view=st.just(View.LEXICAL), words=WORD_WEIGHTS),
)


def compare(
    exact: ExactIndex, milvus: MilvusIndex, query: ViewQuery, tree: Filter | None, limit: int
) -> None:
    """Same number of hits, same similarities in order, and each id with the similarity it has."""
    everything = exact.search(query, limit=1_000, filter_tree=tree, deadline=Deadline.never())
    truth = dict(zip(everything.ids, everything.similarities, strict=True))
    found = milvus.search(query, limit=limit, filter_tree=tree, deadline=Deadline.after(60))
    assert len(found.ids) == len(set(found.ids)) == min(limit, len(truth))
    np.testing.assert_allclose(found.similarities, everything.similarities[:limit], atol=1e-5)
    for product_id, similarity in zip(found.ids, found.similarities, strict=True):
        assert truth[product_id] == pytest.approx(similarity, abs=1e-5)


@pytest.fixture(scope="module")
def agree_name(milvus_engine: MilvusEngine) -> str:
    return milvus_engine.create(NAME, dimension=DIMENSION).name


def emptied(engine: MilvusEngine, name: str) -> MilvusIndex:
    index = engine.open(name)
    index.delete(sorted(index.ids()))
    return engine.open(name)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=catalogues(), filters=st.lists(FILTERS, min_size=1, max_size=12), query=QUERIES)
def test_filters_mean_the_same(
    milvus_engine: MilvusEngine,
    agree_name: str,
    rows: IndexRows,
    filters: list[str],
    query: ViewQuery,
) -> None:
    exact = ExactEngine().create(NAME, dimension=DIMENSION)
    milvus = emptied(milvus_engine, agree_name)
    for each in (exact, milvus):
        each.upsert(rows)
    for text in filters:
        compare(exact, milvus, query, parse_filter(text), limit=100)


@pytest.mark.parametrize("attack", [*ATTACKS, *string.punctuation])
@pytest.mark.parametrize("field", ["id", "group_id", "brand", "color", "category", "attributes.a"])
def test_nothing_written_in_a_value_leaves_its_quotes(
    milvus_engine: MilvusEngine, agree_name: str, attack: str, field: str
) -> None:
    milvus = emptied(milvus_engine, agree_name)
    one = np.eye(1, DIMENSION, dtype=np.float32)
    rows = IndexRows(
        ids=("p1",),
        text=one,
        has_text=np.array([True]),
        image=one,
        has_image=np.array([True]),
        lexical=({},),
        filters=FilterColumns(
            group_id=("g",),
            categories=((),),
            leaf_paths=((),),
            brand=("b",),
            color=("c",),
            price=[1.0],
            stock=[1],
            rating=[1.0],
            attributes=({},),
        ),
    )
    milvus.upsert(rows)
    query = ViewQuery(view=View.TEXT, vector=one[0])

    def found(text: str) -> tuple[str, ...]:
        tree = parse_filter(text)
        return milvus.search(query, limit=9, filter_tree=tree, deadline=Deadline.after(60)).ids

    value = quote(f"x{attack}")
    assert found(f"{field} = {value}") == ()
    assert found(f"{field} != {value}") == ("p1",)
    assert found(f"{field} = {value} OR {field} = y") == ()


@pytest.fixture(scope="module")
def _machine_engine(milvus_engine: MilvusEngine, agree_name: str) -> None:
    AgreeingIndexes.engine, AgreeingIndexes.name = milvus_engine, agree_name


class AgreeingIndexes(RuleBasedStateMachine):
    """Random writes, deletes and searches on both engines side by side."""

    engine: MilvusEngine
    name: str

    @initialize()
    def empty(self) -> None:
        self.exact = ExactEngine().create(NAME, dimension=DIMENSION)
        self.milvus = emptied(self.engine, self.name)

    @rule(rows=catalogues())
    def upsert(self, rows: IndexRows) -> None:
        self.exact.upsert(rows)
        self.milvus.upsert(rows)

    @rule(ids=st.lists(IDS, max_size=4))
    def delete(self, ids: list[str]) -> None:
        self.exact.delete(ids)
        self.milvus.delete(ids)

    @rule()
    def reopen(self) -> None:
        self.milvus = self.engine.open(self.name)

    @rule(query=QUERIES, text=st.one_of(st.just(""), FILTERS), limit=st.integers(1, 10))
    def search(self, query: ViewQuery, text: str, limit: int) -> None:
        compare(self.exact, self.milvus, query, parse_filter(text), limit)

    @invariant()
    def same_ids(self) -> None:
        assert self.milvus.ids() == self.exact.ids()


@pytest.mark.usefixtures("_machine_engine")
def test_any_order_of_writes_deletes_and_searches() -> None:
    run_state_machine_as_test(
        AgreeingIndexes, settings=settings(max_examples=25, stateful_step_count=12, deadline=None)
    )
