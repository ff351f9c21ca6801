"""Judged queries with candidates, and the products' traits read from them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from benchmarks import judged_shop
from benchmarks.judged_shop import candidates_of, indexed_shop
from benchmarks.queries import Shop
from benchmarks.shop_traits import ShopTraits
from server.app import App
from server.candidate_finder import Considered
from server.deadline import Deadline
from server.evaluation.judged import JudgedQuery
from server.query import Query, TextPart
from server.sample_shop.generate import write_sample_shop
from tests.benchmarks.shop_parts import drawn_questions
from tests.ranker.conftest import unknown_candidates, unknown_query


def consider(query: Query, *, deadline: Deadline) -> Considered:
    """Find a and b for everything but "nothing"."""
    ids = () if query.parts == (TextPart(text="nothing"),) else ("a", "b")
    return Considered(
        facts=unknown_query(),
        text="",
        ids=ids,
        rows=np.arange(len(ids), dtype=np.int32),
        columns=unknown_candidates(len(ids)),
    )


def judged(text: str, grades: dict[str, float]) -> JudgedQuery:
    return JudgedQuery(line=1, text=text, picture=None, language="en", grades=grades)


def test_translations_share_a_key_and_what_is_not_found_is_missed() -> None:
    app = cast("App", SimpleNamespace(pipeline=SimpleNamespace(consider=consider)))
    queries = [
        judged("mug", {"b": 2.0, "c": 1.0}),
        judged("杯子", {"c": 1.0, "b": 2.0}),
        judged("cup", {"a": 1.0}),
        judged("nothing", {"a": 1.0}),
    ]
    mug, translated, cup = candidates_of(app, queries)
    assert mug.key == translated.key != cup.key
    assert mug.products == ("a", "b")
    assert mug.grades.tolist() == [0, 2]
    assert mug.missed == (1,)
    assert cup.missed == ()


def test_traits_are_those_of_the_first_candidate_of_that_product() -> None:
    asked = drawn_questions(2, candidates=4)
    shop = ShopTraits(asked)
    assert shop.products == ("p0", "p1", "p2", "p3")
    rows = shop.rows(["p2", "elsewhere", "p0"])
    assert rows.tolist() == [2, -1, 0]
    traits = shop.traits(rows[rows >= 0])
    columns = asked[0].columns
    np.testing.assert_array_equal(traits.price, columns.price[[2, 0]])
    assert traits.brand.tolist() == columns.brand[[2, 0]].tolist()
    assert traits.category.tolist() == columns.category[[2, 0]].tolist()
    assert traits.group.tolist() == columns.group[[2, 0]].tolist()
    assert traits.vectors.tolist() == columns.vectors[[2, 0]].tolist()


def test_a_shop_is_indexed_and_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(folder: Path) -> Shop:
        drawn = write_sample_shop(folder, seed=5, products=12)
        return Shop(name="small", catalog=drawn.catalog, queries=drawn.queries, texts=())

    monkeypatch.setattr(judged_shop, "find_shop", small)
    with indexed_shop() as (app, queries):
        assert all(query.text and query.picture is None for query in queries)
        (asked,) = candidates_of(app, queries[:1])
        assert asked.grades.any()
        reader = app.catalogs.get(judged_shop.CATALOG).table.reader()
        numbers = reader.numbers(reader.rows(asked.products))
        assert numbers.shape[1] == len(asked.products)
