"""Recorded searches for tests."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from ranker.columns import (
    AffinityField,
    CandidateColumns,
    PersonFacts,
    QueryFacts,
    TermColumn,
    TermField,
)
from server.feedback.search_record import RankedColumns, SearchRecord
from tests.server.feedback.event_parts import NOON

_PLAIN = SearchRecord(
    search_id="s",
    catalog="shop",
    time_seconds=NOON,
    user="ann",
    session="visit",
    text="red shoes",
    ranker="default_1",
    fingerprint="f00d",
    encoder_bundle="starter_1",
    shown=("mug", "shoe"),
    features=np.array([[0.5, np.nan], [1.5, -0.0]], np.float32),
)


def record(search_id: str, **fields: object) -> SearchRecord:
    """A search that showed the mug, then the shoe, but for the fields given."""
    return replace(_PLAIN, search_id=search_id, **fields)  # type: ignore[arg-type] # by keyword


def ranked(count: int = 5, *, person: bool = True, seed: int = 7) -> RankedColumns:
    """Columns of ``count`` candidates, full of random bits, NaNs of all kinds among them."""
    random = np.random.default_rng(seed)

    def floats(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        bits = random.integers(0, 2**32, shape, np.uint32, endpoint=False)
        return bits.view(np.float32)

    def codes(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        return random.integers(-1, 9, shape, np.int32)

    someone = PersonFacts(
        events=3.5,
        vector=floats(4),
        brands=codes(2),
        brand_shares=floats(2),
        categories=codes(0),
        category_shares=floats(0),
        log_price=float("nan"),
        log_price_spread=0.1,
        bought_groups=codes(1),
    )
    facts = QueryFacts(
        has_text=True,
        has_picture=False,
        has_example=False,
        chinese_share=1 / 3,
        term_groups=(codes(2), codes(0), codes(3)),
        term_weights=floats(3),
        price_hint=float("nan"),
        person=someone if person else None,
    )
    terms = TermColumn(terms=codes(count), offsets=np.arange(count + 1, dtype=np.int32))
    coded = ("brand", "color", "category", "group")
    made = {*coded, "affinities", "terms", "vectors"}
    named = [each.name for each in fields(CandidateColumns) if each.name not in made]
    columns = CandidateColumns(
        affinities={field: floats(count) for field in AffinityField},
        terms=dict.fromkeys(TermField, terms),
        vectors=random.integers(-127, 128, (count, 4), np.int8),
        **{name: floats(count) for name in named},  # type: ignore[arg-type] # by keyword
        **{name: codes(count) for name in coded},  # type: ignore[arg-type] # the same
    )
    return RankedColumns(
        facts=facts,
        columns=columns,
        matrix=floats(count, 3),
        scores=floats(count),
        order=np.arange(count, dtype=np.int32)[::-1],
    )
