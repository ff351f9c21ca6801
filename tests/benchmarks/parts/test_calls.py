"""Whole steps over a small shop: every figure is there, and the bare parts find the same."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.parts import calls, ingest_rate
from benchmarks.parts.bare import BareTexts
from benchmarks.parts.shop import asked_texts, indexed_shop, opened_bare
from benchmarks.parts.vector_servers import nearest
from server.deadline import Deadline
from server.retrieval.protocol import View, ViewQuery
from server.settings import load_settings
from tests.benchmarks.workloads.small_shop import SmallShop, write_small_shop


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    return write_small_shop(tmp_path_factory.mktemp("files"), pictures=4)


def test_calls_are_measured_beside_bare_ones_that_find_the_same(files: SmallShop) -> None:
    settings = load_settings(flags={"log.level": "error"})
    with (
        indexed_shop(files.catalogue, settings) as shop,
        shop.opened("library") as app,
        opened_bare(app, shop) as bare,
    ):
        asked = asked_texts(app, ["red mug", "杯子"], bare=bare)
        searched = calls.searches(app, asked, bare=bare, rounds=1)
        ranked = calls.ranking(app, asked, bare=bare, rounds=1)
        index = app.catalogs.get("benchmark").index
        query = ViewQuery(view=View.TEXT, vector=asked[0].vector)
        ours = index.search(query, limit=4, deadline=Deadline.after(10)).ids
        theirs, _ = bare.search.one(asked[0].vector, View.TEXT)

    assert shop.products == 4
    assert set(ours) == set(theirs)
    assert searched.over_bare.median > 0
    assert set(searched.milliseconds) == {
        "one_view", "bare_one_view", "views", "bare_views", "bare_one_by_one",
    }  # fmt: skip
    assert ranked.over_bare.median > 0
    assert ranked.candidates == (4, 4)


def test_what_a_file_needs_encoded_is_each_caption_value_and_picture(files: SmallShop) -> None:
    needed = ingest_rate.to_encode(files.catalogue)
    assert needed.products == 4
    assert len(needed.pictures) == 4
    assert "red home mugs, Red mug" in needed.texts
    assert needed.texts.count("red") == 1
    assert ingest_rate.to_encode(files.catalogue, products=1).products == 1


def test_rates_of_writing_and_of_encoding_are_of_the_same_products(files: SmallShop) -> None:
    settings = load_settings(flags={"log.level": "error"})
    rate = ingest_rate.measured(files.catalogue, settings, rounds=1)
    assert rate.products == 4
    assert rate.over_encoding.median == rate.written.median / rate.encoded.median


def test_truth_is_the_largest_inner_products() -> None:
    vectors = np.eye(200, dtype=np.float32)
    query = np.arange(200, dtype=np.float32)
    ids = [str(place) for place in range(200)]
    assert nearest(ids, vectors, query) == {str(place) for place in range(100, 200)}


def test_towers_are_of_the_bundle_of_the_settings() -> None:
    assert BareTexts.open(load_settings().bundle_directory).encode("mug").shape == (384,)
