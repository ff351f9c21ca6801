"""One request through the real rooms: a store, the exact engine, and an encoder that hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import AffinityField, CandidateColumns, Float32Array, QueryFacts
from ranker.errors import RankingError
from ranker.protocol import Ranker
from server.deadline import Deadline
from server.degrade import Budgets
from server.errors import DeadlineExceeded, InvalidRequest, NotFound, Unavailable
from server.ingest.caption import captions
from server.pipeline import Pipeline, PipelineOptions
from server.query import (
    FacetRequest,
    PicturePart,
    ProductPart,
    Query,
    QueryPart,
    RankingMode,
    TextPart,
    VectorPart,
)
from server.retrieval.analysis import Analyzer
from server.retrieval.exact import ExactEngine
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import VectorIndex, View, ViewHits, ViewQuery
from server.retrieval.views import ViewSearcher
from server.stages import FallbackUsed
from tests.server.ingest.shop_parts import Shop, hashed, item, open_shop, png, store_path

TEE = {"title": "Nova Tee", "category_paths": ("Women/Tees",), "color": "red", "price": 20.0}
PRODUCTS = [
    item("tee-red", picture=png(10), **{**TEE, "group_id": "tee"}),
    item("tee-blue", picture=png(60), **{**TEE, "color": "blue", "group_id": "tee"}),
    item("mug", picture=png(110), title="Tall Mug", category_paths=("Home/Mugs",), price=9.0),
    item("lamp", title="Desk Lamp", category_paths=("Home/Lamps",), price=45.0, stock=0),
]


class Silent:
    """An observer that only remembers fallbacks."""

    def __init__(self) -> None:
        self.fallbacks: list[FallbackUsed] = []

    def stage(self, name: str, seconds: float) -> None:
        """Nothing is measured here."""

    def fallback(self, used: FallbackUsed) -> None:
        self.fallbacks.append(used)


class Broken:
    """A ranker whose model fails."""

    id = "broken"

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        return np.zeros((len(candidates), 1), np.float32)

    def score(self, matrix: Float32Array) -> Float32Array:
        raise RankingError("the model is broken", reason="MODEL_FAILED")

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        raise RankingError("the model is broken", reason="MODEL_FAILED")


class FailingViews:
    """An index some of whose views fail."""

    def __init__(self, index: VectorIndex, failures: Mapping[View, Exception]) -> None:
        self._index = index
        self._failures = failures
        self.name = index.name
        self.dimension = index.dimension

    def search(self, query: ViewQuery, **options: object) -> ViewHits:
        if query.view in self._failures:
            raise self._failures[query.view]
        return self._index.search(query, **options)  # type: ignore[arg-type]


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def shop(tmp_path: Path, closing: ExitStack) -> Shop:
    opened = open_shop(store_path(tmp_path), ExactEngine(), closing=closing)
    opened.writer.write("shop", PRODUCTS)
    return opened


Make = Callable[..., Pipeline]


@pytest.fixture
def make(shop: Shop, closing: ExitStack) -> Make:
    def made(ranker: Ranker | None = None, **options: object) -> Pipeline:
        searcher = ViewSearcher(threads=2)
        closing.callback(searcher.close)
        return Pipeline(
            encoder=shop.encoder,
            catalogs=shop.catalogs,
            analyzer=Analyzer({}),
            searcher=searcher,
            ranker=ranker or Rules(),
            options=PipelineOptions(**options),  # type: ignore[arg-type]
            observer=Silent(),
        )

    return made


def asked(*parts: QueryPart, **fields: object) -> Query:
    return Query(catalog="shop", parts=parts, **fields)  # type: ignore[arg-type]


def words_of(product_id: str) -> TextPart:
    """The very caption of a product: an encoder that hashes finds nothing else."""
    record = next(each.record for each in PRODUCTS if each.record.id == product_id)
    return TextPart(text=captions(record)[0])


def picture_of(product_id: str) -> PicturePart:
    product = next(each for each in PRODUCTS if each.record.id == product_id)
    assert product.picture is not None
    return PicturePart(data=product.picture, field="query[0].image")


ONLY_LIKENESS = {"mode": RankingMode.RETRIEVAL}


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


def test_a_broken_model_gives_retrieval_order_and_says_so(make: Make) -> None:
    query = asked(words_of("mug"))
    result = make(Broken()).search(query, deadline=Deadline.never())
    plain = make().search(replace(query, **ONLY_LIKENESS), deadline=Deadline.never())  # type: ignore[arg-type]
    assert [hit.product_id for hit in result.hits] == [hit.product_id for hit in plain.hits]
    assert result.ranker == RetrievalOrder().id
    assert result.fallbacks == (
        FallbackUsed(stage="rank", used="retrieval_order", reason="MODEL_FAILED"),
    )


def test_no_time_to_rank_gives_retrieval_order_and_says_so(make: Make) -> None:
    tight = make(
        budgets=Budgets(rank_reserve_seconds=60, diversify_reserve_seconds=60), variety=0.5
    )
    result = tight.search(asked(words_of("mug")), deadline=Deadline.after(30))
    assert result.hits[0].product_id == "mug"
    assert [(each.stage, each.reason) for each in result.fallbacks] == [
        ("rank", "DEADLINE"),
        ("diversify", "DEADLINE"),
    ]


def test_a_passed_deadline_is_an_error_not_an_answer(make: Make) -> None:
    with pytest.raises(DeadlineExceeded):
        make().search(asked(words_of("mug")), deadline=Deadline.after(0))


@pytest.fixture
def broken_views(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def break_views(*views: View) -> None:
        catalog = shop.catalog()
        failures = {view: Unavailable("away", reason="ENGINE_AWAY") for view in views}
        failing = replace(catalog, index=FailingViews(catalog.index, failures))  # type: ignore[arg-type]
        monkeypatch.setattr(shop.catalogs, "get", lambda _: failing)

    return break_views


@pytest.mark.parametrize("view", [View.TEXT, View.IMAGE, View.LEXICAL])
def test_a_view_that_fails_is_left_out_and_named(
    make: Make, broken_views: Callable[..., None], view: View
) -> None:
    broken_views(view)
    result = make().search(asked(words_of("tee-red")), deadline=Deadline.never())
    assert result.hits
    assert result.fallbacks == (
        FallbackUsed(stage="retrieve", used=f"without_{view}_view", reason="ENGINE_AWAY"),
    )


def test_no_view_at_all_is_an_error(make: Make, broken_views: Callable[..., None]) -> None:
    broken_views(*View)
    with pytest.raises(Unavailable) as caught:
        make().search(asked(words_of("tee-red")), deadline=Deadline.never())
    assert caught.value.reason == "ENGINE_AWAY"


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
