"""Persons behind lessons: half are known, their facts come from what they did, and it shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ranker.columns import AffinityField, CandidateColumns, TermColumn, TermField
from server.arrays import Int32Array
from server.signals.traits import Traits
from server.training.people import People

COUNT = 60


class Shop:
    """Sixty products of six brands, at prices from 1 to 60."""

    def rows(self, ids: Sequence[str]) -> Int32Array:
        return np.array([int(each) if each.isdigit() else -1 for each in ids], dtype=np.int32)

    def traits(self, rows: Int32Array) -> Traits:
        rng = np.random.default_rng(1)
        vectors = rng.normal(size=(COUNT, 8))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Traits(
            price=(rows + 1).astype(np.float32),
            brand=(rows % 6).astype(np.int32),
            category=(rows % 4).astype(np.int32),
            group=rows,
            vectors=np.rint(vectors * 127).astype(np.int8)[rows],
        )


def columns() -> CandidateColumns:
    floats = np.full(COUNT, np.nan, dtype=np.float32)
    zeros = np.zeros(COUNT, dtype=np.float32)
    no_terms = TermColumn(terms=np.empty(0, np.int32), offsets=np.zeros(COUNT + 1, np.int32))
    traits = Shop().traits(np.arange(COUNT, dtype=np.int32))
    return CandidateColumns(
        retrieval_score=zeros,
        text_similarity=floats,
        image_similarity=floats,
        lexical_score=floats,
        affinities=dict.fromkeys(AffinityField, floats),
        terms=dict.fromkeys(TermField, no_terms),
        price=traits.price,
        list_price=floats,
        stock=floats,
        rating=floats,
        rating_count=floats,
        units_1_day=floats,
        units_7_days=floats,
        units_30_days=floats,
        impressions=zeros,
        clicks=zeros,
        carts=zeros,
        purchases=zeros,
        age_days=floats,
        brand=traits.brand,
        color=traits.brand,
        category=traits.category,
        group=traits.group,
        vectors=traits.vectors,
    )


PEOPLE = People(Shop(), [*map(str, range(COUNT)), "sold long ago"])


def test_half_are_known_and_half_of_the_products_were_seen() -> None:
    drawn = [PEOPLE.behind(columns(), seed=seed) for seed in range(200)]
    known = np.array([person is not None for person, _, _ in drawn])
    counted = np.array([bool(seen.impressions.any()) for _, seen, _ in drawn])
    assert 0.4 < known.mean() < 0.6
    assert 0.4 < counted.mean() < 0.6
    for person, seen, liked in drawn:
        if person is None and not seen.impressions.any():
            assert not liked.any()


def test_the_facts_tell_what_is_liked() -> None:
    # Over persons, a product is the more liked, the more of its brand and look they shopped.
    told = []
    for seed in range(150):
        person, seen, liked = PEOPLE.behind(columns(), seed=seed)
        if person is None or seen.impressions.any():
            continue
        share = np.zeros(6)
        share[person.brands] = person.brand_shares
        look = seen.vectors.astype(np.float64) @ person.vector
        told.append((np.corrcoef(share[seen.brand], liked)[0, 1], np.corrcoef(look, liked)[0, 1]))
    by_brand, by_look = np.mean(told, axis=0)
    assert by_brand > 0.3
    assert by_look > 0.2


def test_same_seed_same_person_but_for_the_clock() -> None:
    first, again = (PEOPLE.behind(columns(), seed=3) for _ in range(2))
    assert first[2].tolist() == again[2].tolist()
    assert (first[0] is None) == (again[0] is None)


def test_a_shop_without_products_has_no_persons() -> None:
    nobody = People(Shop(), [])
    assert all(nobody.behind(columns(), seed=seed)[0] is None for seed in range(20))
