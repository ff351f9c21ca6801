"""Makers of queries and candidates: all unknown but for what a test says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ranker.columns import (
    AffinityField,
    CandidateColumns,
    Float32Array,
    Int32Array,
    PersonFacts,
    QueryFacts,
    TermColumn,
    TermField,
)
from ranker.dataset import JudgedQuery
from ranker.train import TrainedRanker, TrainingSettings, train

CandidateMaker = Callable[..., CandidateColumns]
QueryMaker = Callable[..., QueryFacts]

DIMENSION = 4
VOCABULARY = 40
UNKNOWN_SHARE = 0.2
PERSON_SHARE = 0.5

QUICK = TrainingSettings(rounds=40, patience=10, min_rows_in_leaf=10)


def term_column(*rows: list[int]) -> TermColumn:
    lengths = [len(row) for row in rows]
    return TermColumn(
        terms=np.array([term for row in rows for term in row], dtype=np.int32),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int32),
    )


def unknown_candidates(count: int, **known: object) -> CandidateColumns:
    """Candidates of which nothing is known but ``known``; lists become arrays of the right type."""
    floats = np.full(count, np.nan, dtype=np.float32)
    codes = np.full(count, -1, dtype=np.int32)
    nothing_counted = np.zeros(count, dtype=np.float32)
    nothing = CandidateColumns(
        retrieval_score=np.linspace(1, 0, count, dtype=np.float32),
        text_similarity=floats,
        image_similarity=floats,
        lexical_score=floats,
        affinities=dict.fromkeys(AffinityField, floats),
        terms={field: term_column(*([[]] * count)) for field in TermField},
        price=floats,
        list_price=floats,
        stock=floats,
        rating=floats,
        rating_count=floats,
        units_1_day=floats,
        units_7_days=floats,
        units_30_days=floats,
        impressions=nothing_counted,
        clicks=nothing_counted,
        carts=nothing_counted,
        purchases=nothing_counted,
        age_days=floats,
        brand=codes,
        color=codes,
        category=codes,
        group=codes,
        vectors=np.zeros((count, DIMENSION), dtype=np.int8),
    )
    arrays: dict[str, Any] = {
        name: np.array(value, dtype=getattr(nothing, name).dtype)
        if isinstance(value, list)
        else value
        for name, value in known.items()
    }
    return replace(nothing, **arrays)


def unknown_query(**known: object) -> QueryFacts:
    """A text query without words but for ``known``."""
    nothing = QueryFacts(
        has_text=True,
        has_picture=False,
        has_example=False,
        chinese_share=float("nan"),
        term_groups=(),
        term_weights=np.empty(0, dtype=np.float32),
        price_hint=float("nan"),
    )
    facts: dict[str, Any] = known
    return replace(nothing, **facts)


def random_person(rng: np.random.Generator) -> PersonFacts:
    """Somebody who looked at a few things; of one in five no price and no vector is known."""
    vector = rng.normal(size=DIMENSION).astype(np.float32)
    unknown = rng.random() < UNKNOWN_SHARE
    return PersonFacts(
        events=float(rng.uniform(0.1, 50)),
        vector=vector * 0 if unknown else vector / np.linalg.norm(vector),
        brands=np.array([3, 1], dtype=np.int32),
        brand_shares=np.array([0.5, 0.25], dtype=np.float32),
        categories=np.array([4], dtype=np.int32),
        category_shares=np.array([1.0], dtype=np.float32),
        log_price=float("nan") if unknown else float(rng.uniform(0, 6)),
        log_price_spread=float("nan") if unknown else float(rng.uniform(0.1, 2)),
        bought_groups=rng.integers(0, 5, 2).astype(np.int32),
    )


def random_request(seed: int, count: int) -> tuple[QueryFacts, CandidateColumns]:
    """A query and candidates with every column filled, about one value in five unknown."""
    rng = np.random.default_rng(seed)

    def floats(low: float, high: float) -> Float32Array:
        values = rng.uniform(low, high, count).astype(np.float32)
        values[rng.random(count) < UNKNOWN_SHARE] = np.nan
        return values

    def codes(below: int) -> Int32Array:
        return rng.integers(-1, below, count).astype(np.int32)

    def words() -> TermColumn:
        rows = [rng.integers(0, VOCABULARY, rng.integers(0, 6)).tolist() for _ in range(count)]
        return term_column(*rows)

    groups = tuple(
        np.unique(rng.integers(0, VOCABULARY, 3).astype(np.int32))
        for _ in range(rng.integers(0, 4))
    )
    query = QueryFacts(
        has_text=bool(rng.integers(2)),
        has_picture=bool(rng.integers(2)),
        has_example=bool(rng.integers(2)),
        chinese_share=float(rng.random()),
        term_groups=groups,
        term_weights=rng.uniform(0.1, 5, len(groups)).astype(np.float32),
        price_hint=float(rng.choice([np.nan, 30.0])),
        person=random_person(rng) if rng.random() < PERSON_SHARE else None,
    )
    vectors = rng.normal(size=(count, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    shown = rng.integers(0, 500, count).astype(np.float32)
    events = rng.uniform(0, [[0.3], [0.1], [0.05]], (3, count)).astype(np.float32)
    candidates = CandidateColumns(
        retrieval_score=-np.sort(-rng.uniform(0, 1, count).astype(np.float32)),
        text_similarity=floats(-1, 1),
        image_similarity=floats(-1, 1),
        lexical_score=floats(0, 20),
        affinities={field: floats(-2, 5) for field in AffinityField},
        terms={field: words() for field in TermField},
        price=floats(0, 500),
        list_price=floats(0, 500),
        stock=np.floor(floats(0, 3)),
        rating=floats(1, 5),
        rating_count=np.floor(floats(0, 300)),
        units_1_day=np.floor(floats(0, 9)),
        units_7_days=np.floor(floats(0, 50)),
        units_30_days=np.floor(floats(0, 200)),
        impressions=shown,
        clicks=np.floor(shown * events[0]),
        carts=np.floor(shown * events[1]),
        purchases=np.floor(shown * events[2]),
        age_days=floats(0, 1000),
        brand=codes(5),
        color=codes(5),
        category=codes(5),
        group=codes(count),
        vectors=np.rint(vectors * 127).astype(np.int8),
    )
    return query, candidates


@pytest.fixture(scope="session")
def candidates() -> CandidateMaker:
    """Return the maker of candidates of which nothing is known but what it is told."""
    return unknown_candidates


@pytest.fixture(scope="session")
def query() -> QueryMaker:
    """Return the maker of queries of which nothing is known but what it is told."""
    return unknown_query


@pytest.fixture(scope="session")
def request_of() -> Callable[[int, int], tuple[QueryFacts, CandidateColumns]]:
    """Return the maker of random requests from a seed and a number of candidates."""
    return random_request


@pytest.fixture(scope="session")
def words() -> Callable[..., TermColumn]:
    """Return the maker of term columns from one list of terms a product."""
    return term_column


@pytest.fixture(scope="session")
def floats() -> Callable[..., Float32Array]:
    """Return the maker of float32 columns."""
    return lambda *values: np.array(values, dtype=np.float32)


def taught_queries() -> list[JudgedQuery]:
    """Queries whose grades say: words first, then a colour that fits, and sales last."""
    queries = []
    for seed in range(40):
        query, candidates = random_request(seed, 30)
        color = np.nan_to_num(candidates.affinities[AffinityField.COLOR], nan=-2)
        text = np.nan_to_num(candidates.text_similarity, nan=-1)
        sales = np.nan_to_num(candidates.units_30_days)
        grades = (text > 0).astype(np.int32) * 2 + (color > 2) + ((text > 0) & (sales > 100))
        queries.append(JudgedQuery(query=query, candidates=candidates, grades=grades))
    return queries


def taught_ranker() -> TrainedRanker:
    """A ranker trained on `taught_queries`."""
    return train(taught_queries(), seed=7, name="taught", settings=QUICK)


@pytest.fixture(scope="session")
def judged_queries() -> list[JudgedQuery]:
    """Return queries that a ranker can learn from."""
    return taught_queries()


@pytest.fixture(scope="session")
def trained() -> TrainedRanker:
    """Return a ranker trained on ``judged_queries``."""
    return taught_ranker()
