"""What a query says of itself, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from server.query import PicturePart, ProductPart, Query, QueryPart, TextPart, VectorPart
from server.query_facts import QueryWords, chinese_share, query_facts
from tests.ranker.conftest import random_person

TEXT = TextPart(text="shoes under $30")
PICTURE = PicturePart(data=b"picture", field="query[0].image")
EXAMPLE = ProductPart(product_id="p1", field="query[0].product")
VECTOR = VectorPart(vector=np.ones(2, dtype=np.float32), field="query[0].vector")


def words(text: str) -> QueryWords:
    return QueryWords(
        text=text,
        groups=(np.array([7, 9], dtype=np.int32),),
        idf=np.array([1.5], dtype=np.float32),
        weights={},
    )


@pytest.mark.parametrize(
    ("parts", "kinds"),
    [
        ((TEXT,), (True, False, False)),
        ((PICTURE,), (False, True, False)),
        ((EXAMPLE,), (False, False, True)),
        ((VECTOR,), (False, False, True)),
        ((TEXT, PICTURE, EXAMPLE), (True, True, True)),
    ],
)
def test_kinds_of_parts(parts: tuple[QueryPart, ...], kinds: tuple[bool, bool, bool]) -> None:
    facts = query_facts(Query(catalog="shop", parts=parts), words(""))
    assert (facts.has_text, facts.has_picture, facts.has_example) == kinds


def test_words_and_who_asks() -> None:
    who = random_person(np.random.default_rng(1))
    said = words("shoes under $30")
    facts = query_facts(Query(catalog="shop", parts=(TEXT,)), said, person=who)
    assert facts.term_groups is said.groups
    assert facts.term_weights is said.idf
    assert facts.price_hint == 30
    assert facts.chinese_share == 0
    assert facts.person is who
    assert query_facts(Query(catalog="shop", parts=(TEXT,)), said).person is None


@pytest.mark.parametrize(
    ("text", "share"),
    [("红色", 1.0), ("黑色T恤", 0.75), ("red", 0.0), ("30", math.nan), ("", math.nan)],
)
def test_share_of_chinese(text: str, share: float) -> None:
    assert chinese_share(text) == pytest.approx(share, nan_ok=True)
