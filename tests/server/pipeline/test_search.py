"""One request through the real rooms: what was asked for comes first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranker.baseline import Rules
from ranker.columns import AffinityField
from server.deadline import Deadline
from server.errors import InvalidRequest, NotFound
from server.query import (
    FacetRequest,
    PicturePart,
    ProductPart,
    QueryPart,
    VectorPart,
)
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import View
from tests.server.ingest.shop_parts import hashed
from tests.server.pipeline.conftest import Make
from tests.server.pipeline.parts import ONLY_LIKENESS, asked, picture_of, words_of


@pytest.mark.parametrize(
    ("parts", "first"),
    [
        ([words_of("tee-red")], "tee-red"),
        ([words_of("lamp")], "lamp"),
        ([picture_of("mug")], "mug"),
        ([ProductPart(product_id="tee-blue", field="query[0].product")], "tee-blue"),
        ([VectorPart(vector=3 * hashed(b"none"), field="v"), words_of("mug")], "mug"),
        ([words_of("tee-red"), replace(words_of("mug"), weight=0.2)], "tee-red"),
        ([replace(words_of("tee-red"), weight=0.2), words_of("mug")], "mug"),
    ],
)
def test_the_product_that_was_asked_for_comes_first(
    make: Make, parts: list[QueryPart], first: str
) -> None:
    result = make().search(asked(*parts, **ONLY_LIKENESS), deadline=Deadline.never())
    assert result.hits[0].product_id == first
    assert sorted(hit.product_id for hit in result.hits) == ["lamp", "mug", "tee-blue", "tee-red"]


def test_less_like_this_comes_last(make: Make) -> None:
    parts = (replace(words_of("mug"), weight=-1.0),)
    views = frozenset({View.TEXT})
    result = make().search(asked(*parts, views=views, **ONLY_LIKENESS), deadline=Deadline.never())
    assert result.hits[-1].product_id == "mug"
    assert result.hits[-1].text_similarity == pytest.approx(-1, abs=1e-3)


def test_the_result_names_what_answered_and_how_long_each_stage_took(make: Make) -> None:
    result = make().search(asked(words_of("mug")), deadline=Deadline.never())
    stages = ["decode", "encode", "retrieve", "signals", "features", "rank", "diversify"]
    assert list(result.stage_seconds) == stages
    assert all(seconds >= 0 for seconds in result.stage_seconds.values())
    assert result.encoder_bundle.startswith("hashing_")
    assert result.index.startswith("omnishelf_shop_")
    assert result.ranker == Rules().id
    assert result.fallbacks == ()
    again = make().search(asked(words_of("mug")), deadline=Deadline.never())
    assert again.search_id != result.search_id


def test_pictures_alone_see_no_words(make: Make) -> None:
    query = asked(words_of("tee-red"), views=frozenset({View.IMAGE}))
    considered = make().consider(query, deadline=Deadline.never())
    assert set(considered.ids) == {"tee-red", "tee-blue", "mug"}
    columns = considered.columns
    assert np.isnan(columns.text_similarity).all()
    assert np.isnan(columns.lexical_score).all()
    assert all(np.isnan(columns.affinities[each]).all() for each in AffinityField)
    assert all(len(column.terms) == 0 for column in columns.terms.values())


def test_text_alone_sees_no_pictures(make: Make) -> None:
    query = asked(words_of("tee-red"), views=frozenset({View.TEXT}))
    columns = make().consider(query, deadline=Deadline.never()).columns
    assert np.isnan(columns.image_similarity).all()
    assert not np.isnan(columns.text_similarity).any()
    assert not np.isnan(columns.affinities[AffinityField.COLOR][columns.color >= 0]).any()


def test_a_filter_keeps_only_what_passes(make: Make) -> None:
    query = asked(words_of("tee-red"), filter_tree=parse_filter('category:"Home" AND stock > 0'))
    result = make().search(query, deadline=Deadline.never())
    assert [hit.product_id for hit in result.hits] == ["mug"]


def test_collapse_answers_one_variant_of_a_product(make: Make) -> None:
    query = asked(words_of("tee-blue"), collapse_limit=1, **ONLY_LIKENESS)
    result = make().search(query, deadline=Deadline.never())
    assert [hit.product_id for hit in result.hits if hit.product_id.startswith("tee")] == [
        "tee-blue"
    ]


def test_retrieval_order_is_by_likeness_whatever_variety_the_server_likes(make: Make) -> None:
    query = asked(words_of("tee-red"), **ONLY_LIKENESS)
    scores = [hit.score for hit in make(variety=1.0).search(query, deadline=Deadline.never()).hits]
    assert scores == sorted(scores, reverse=True)
    varied = replace(query, variety=1.0)
    scores = [hit.score for hit in make().search(varied, deadline=Deadline.never()).hits]
    assert scores != sorted(scores, reverse=True)


def test_facets_count_the_candidates(make: Make) -> None:
    facets = (FacetRequest(field="color", limit=10), FacetRequest(field="category", limit=1))
    result = make().search(asked(words_of("mug"), facets=facets), deadline=Deadline.never())
    colors, categories = result.facets
    assert dict(colors.counts) == {"red": 1, "blue": 1}
    assert len(categories.counts) == 1
    assert categories.counts[0][1] == 2


def test_contributions_add_up_to_the_score(make: Make) -> None:
    result = make().search(asked(words_of("mug"), explain=True), deadline=Deadline.never())
    for hit in result.hits:
        assert sum(hit.contributions.values()) == pytest.approx(hit.score, abs=1e-4)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (ProductPart(product_id="ghost", field="query[0].product"), "PRODUCT_NOT_FOUND"),
        (PicturePart(data=b"%PDF-1.7", field="query[0].image"), "PICTURE_FORMAT"),
    ],
)
def test_a_part_that_cannot_be_taken_is_named(make: Make, part: QueryPart, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make().search(asked(part), deadline=Deadline.never())
    (violation,) = caught.value.violations
    assert violation.reason == reason
    assert violation.field == part.field  # type: ignore[union-attr]


def test_an_unknown_catalog_is_not_found(make: Make) -> None:
    with pytest.raises(NotFound):
        make().search(replace(asked(words_of("mug")), catalog="nowhere"), deadline=Deadline.never())
