"""What every engine does, on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from server.arrays import Float32Array
from server.deadline import Deadline
from server.errors import AlreadyInUse, DeadlineExceeded, InvalidRequest, NotFound
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import (
    IndexRows,
    VectorEngine,
    VectorIndex,
    View,
    ViewHits,
    ViewQuery,
)

DIMENSION = 8
TEXT_QUERY = ViewQuery(view=View.TEXT, vector=np.eye(DIMENSION, dtype=np.float32)[0])
IMAGE_QUERY = replace(TEXT_QUERY, view=View.IMAGE)
MakeRows = Callable[..., IndexRows]


def at_angle(cosine: float) -> Float32Array:
    """A unit vector with that cosine to the first axis."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[:2] = cosine, np.sqrt(1 - cosine**2)
    return vector


def search(
    index: VectorIndex, query: ViewQuery = TEXT_QUERY, limit: int = 100, filter_text: str = ""
) -> ViewHits:
    return index.search(
        query, limit=limit, filter_tree=parse_filter(filter_text), deadline=Deadline.after(30)
    )


def test_life_of_an_index(engine: VectorEngine, make_rows: MakeRows) -> None:
    name, other = "omnishelf_life_bundle_2", "omnishelf_life_bundle_1"
    with pytest.raises(NotFound, match=name):
        engine.open(name)
    made = engine.create(name, dimension=DIMENSION)
    assert (made.name, made.dimension) == (name, DIMENSION)
    with pytest.raises(AlreadyInUse, match=name):
        engine.create(name, dimension=DIMENSION)
    made.upsert(make_rows("ab", text={"a": at_angle(1.0)}))
    opened = engine.open(name)
    assert (opened.name, opened.dimension) == (name, DIMENSION)
    # What an index knows of its rows it knows after reopening.
    assert search(opened).ids == ("a",)
    engine.create(other, dimension=DIMENSION)
    assert [each for each in engine.names() if "life" in each] == [other, name]
    for each in (name, other, other):
        engine.drop(each)
    assert not [each for each in engine.names() if "life" in each]


def test_an_empty_index_answers_nothing(index: VectorIndex) -> None:
    hits = search(index)
    assert (hits.view, hits.ids, hits.similarities.shape) == (View.TEXT, (), (0,))
    assert index.ids() == set()


def test_hits_come_in_falling_similarity(index: VectorIndex, make_rows: MakeRows) -> None:
    cosines = {"a": 0.6, "b": 1.0, "c": -0.8, "d": 0.0}
    index.upsert(make_rows("abcd", text={each: at_angle(cosines[each]) for each in "abcd"}))
    hits = search(index)
    assert hits.ids == ("b", "a", "d", "c")
    assert hits.similarities.dtype == np.float32
    np.testing.assert_allclose(hits.similarities, [1.0, 0.6, 0.0, -0.8], atol=1e-6)
    assert search(index, limit=2).ids == ("b", "a")


def test_a_view_answers_only_products_that_have_it(index: VectorIndex, make_rows: MakeRows) -> None:
    one = at_angle(1.0)
    index.upsert(
        make_rows(
            "abcd", text={"a": one, "b": one}, image={"b": one, "c": one}, lexical={"d": {7: 2.0}}
        )
    )
    assert set(search(index).ids) == {"a", "b"}
    assert set(search(index, IMAGE_QUERY).ids) == {"b", "c"}
    words = search(index, ViewQuery(view=View.LEXICAL, words={7: 1.5, 9: 1.0}))
    assert (words.ids, words.similarities.tolist()) == (("d",), [3.0])
    assert index.ids() == {"a", "b", "c", "d"}


def test_words_nobody_has_find_nobody(index: VectorIndex, make_rows: MakeRows) -> None:
    index.upsert(make_rows("ab", lexical={"a": {1: 1.0}}))
    assert search(index, ViewQuery(view=View.LEXICAL, words={2: 1.0})).ids == ()
    assert search(index, ViewQuery(view=View.LEXICAL)).ids == ()


def test_largest_term_is_a_term_like_another(index: VectorIndex, make_rows: MakeRows) -> None:
    largest = 2**32 - 2
    index.upsert(make_rows("ab", lexical={"a": {largest: 1.0}}))
    assert search(index, ViewQuery(view=View.LEXICAL, words={largest: 1.0})).ids == ("a",)


def test_upsert_replaces_the_whole_product(index: VectorIndex, make_rows: MakeRows) -> None:
    index.upsert(make_rows("ab", price=[1.0, 2.0]))
    index.upsert(make_rows("b", text={"b": at_angle(0.5)}, price=[9.0]))
    hits = search(index)
    assert hits.ids == ("a", "b")
    np.testing.assert_allclose(hits.similarities, [1.0, 0.5], atol=1e-6)
    assert search(index, filter_text="price = 2").ids == ()
    assert search(index, filter_text="price = 9").ids == ("b",)


def test_of_repeated_ids_in_one_batch_the_last_counts(
    index: VectorIndex, make_rows: MakeRows
) -> None:
    index.upsert(make_rows(["a", "b", "a"], price=[1.0, 2.0, 3.0]))
    assert sorted(search(index).ids) == ["a", "b"]
    assert search(index, filter_text="price = 3").ids == ("a",)
    assert search(index, filter_text="price = 1").ids == ()


def test_deleted_products_are_never_answered(index: VectorIndex, make_rows: MakeRows) -> None:
    index.upsert(make_rows([f"p{number}" for number in range(50)]))
    index.delete([f"p{number}" for number in range(0, 50, 2)] + ["never there"])
    kept = {f"p{number}" for number in range(1, 50, 2)}
    assert set(search(index).ids) == kept
    assert index.ids() == kept
    assert search(index, filter_text="id = p0").ids == ()


@pytest.mark.parametrize(
    "product_id",
    ['a"b', "a\\", "it's", "x') or 1=1 --", "%27", "100%", "新品 1", "{x}", 'a" or id != "', "%"],
)
def test_awkward_ids_are_only_ids(index: VectorIndex, make_rows: MakeRows, product_id: str) -> None:
    for _ in range(2):
        index.upsert(make_rows([product_id, "other"]))
    assert index.ids() == {product_id, "other"}
    (only,) = search(index, filter_text="id != other").ids
    assert only == product_id
    index.delete([product_id])
    assert index.ids() == {"other"}


def test_writing_and_deleting_nothing(index: VectorIndex, make_rows: MakeRows) -> None:
    index.upsert(make_rows([]))
    index.delete([])
    assert index.ids() == set()


def test_as_many_hits_as_the_limit_allows(index: VectorIndex, make_rows: MakeRows) -> None:
    index.upsert(make_rows([f"p{number}" for number in range(1_200)]))
    assert len(set(search(index, limit=1_000).ids)) == 1_000
    assert len(index.ids()) == 1_200
    for limit in (0, -1, 1_001):
        with pytest.raises(InvalidRequest, match="ask for 1 to 1,000 hits"):
            search(index, limit=limit)


def vector(*numbers: float) -> Float32Array:
    return np.array([*numbers, *[0.0] * (DIMENSION - len(numbers))], dtype=np.float32)


BAD_VECTORS = [
    (vector(np.nan), "VECTOR_NOT_FINITE"),
    (vector(np.inf), "VECTOR_NOT_FINITE"),
    (vector(0.0), "VECTOR_NOT_UNIT"),
    (vector(0.5), "VECTOR_NOT_UNIT"),
    (vector(3.0, 4.0), "VECTOR_NOT_UNIT"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_VECTORS)
@pytest.mark.parametrize("view", ["text", "image"])
def test_a_bad_vector_stops_the_whole_write(
    index: VectorIndex, make_rows: MakeRows, bad: Float32Array, reason: str, view: str
) -> None:
    rows = make_rows("abc", **{view: {"a": at_angle(1.0), "b": bad, "c": bad}})
    with pytest.raises(InvalidRequest) as raised:
        index.upsert(rows)
    assert [(each.field, each.reason) for each in raised.value.violations] == [
        (f"products/b/{view}", reason),
        (f"products/c/{view}", reason),
    ]
    assert index.ids() == set()


def test_vectors_of_another_width_stop_the_write(index: VectorIndex, make_rows: MakeRows) -> None:
    rows = replace(make_rows("a"), text=np.eye(1, 5, dtype=np.float32))
    with pytest.raises(InvalidRequest, match="must have 8 numbers"):
        index.upsert(rows)
    assert index.ids() == set()


@pytest.mark.parametrize("weights", [{1: 0.0}, {1: -1.0}, {1: np.nan}, {-1: 1.0}, {2**32 - 1: 1.0}])
def test_bad_word_weights_stop_the_write(
    index: VectorIndex, make_rows: MakeRows, weights: dict[int, float]
) -> None:
    with pytest.raises(InvalidRequest, match="finite and above 0"):
        index.upsert(make_rows("a", lexical={"a": weights}))
    assert index.ids() == set()


@pytest.mark.parametrize(
    "bad", [None, np.ones(5, dtype=np.float32), *(bad for bad, _ in BAD_VECTORS)]
)
def test_a_bad_query_vector_is_refused(index: VectorIndex, bad: Float32Array | None) -> None:
    with pytest.raises(InvalidRequest, match="query: the vector"):
        search(index, ViewQuery(view=View.IMAGE, vector=bad))


@pytest.mark.parametrize("product_id", ["", "x" * 129, "a\nb"])
def test_an_id_has_1_to_128_characters(
    index: VectorIndex, make_rows: MakeRows, product_id: str
) -> None:
    with pytest.raises(InvalidRequest, match="1 to 128 characters"):
        index.upsert(make_rows([product_id]))
    index.upsert(make_rows(["新" * 128]))
    assert index.ids() == {"新" * 128}


def test_a_deadline_that_has_passed_is_kept(index: VectorIndex) -> None:
    with pytest.raises(DeadlineExceeded):
        index.search(TEXT_QUERY, limit=1, deadline=Deadline.after(0.0))


@pytest.mark.parametrize("size", [1, 499, 500, 501])
def test_batches_of_any_size(index: VectorIndex, make_rows: MakeRows, size: int) -> None:
    ids: Sequence[str] = [f"p{number}" for number in range(size)]
    index.upsert(make_rows(ids))
    assert index.ids() == set(ids)
    index.delete(ids)
    assert index.ids() == set()
