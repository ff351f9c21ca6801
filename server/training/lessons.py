"""Judged queries as the ranker learns them: candidates and columns from the served pipeline."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ranker.dataset import JudgedQuery as Lesson
from ranker.simulate import simulated_grades
from server.catalog.record import ProductRecord
from server.deadline import Deadline
from server.pipeline import Pipeline
from server.query import PicturePart, ProductPart, Query, QueryPart, TextPart
from server.retrieval.protocol import View
from server.training.people import People
from server.training.queries import EXACT, QueryMaker
from server.training.snapshots import snapshot

VIEWS = (
    (frozenset(View), 7),
    (frozenset({View.TEXT, View.LEXICAL}), 1),
    (frozenset({View.IMAGE}), 2),
)
"""Views a lesson is searched by, with how often: the ranker must do well when one is missing."""

SAME_PRODUCT, SAME_GROUP, SAME_LOOK, SAME_KIND = 1.0, 0.8, 0.5, 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query with its true relevance, 0 to 1, by product id; ``key`` tells translations apart."""

    parts: tuple[QueryPart, ...]
    relevance: Mapping[str, float]
    key: str


def text_questions(records: Sequence[ProductRecord], *, count: int, seed: int) -> list[Question]:
    """Questions in words that the shop's own records answer."""
    return [
        Question(
            parts=(TextPart(text=query.text),),
            relevance={product: grade / EXACT for product, grade in query.grades.items()},
            key=query.text,
        )
        for query in QueryMaker(records, seed=seed).make(count)
    ]


def picture_questions(
    records: Sequence[ProductRecord],
    pictures: Mapping[str, bytes],
    *,
    count: int,
    seed: int,
) -> list[Question]:
    """Snapshots of products: the product itself is best, then its variants, its look, its kind."""
    rng = random.Random(seed)  # noqa: S311 - reproducible data, not secrets
    shown = [record for record in records if record.id in pictures]
    return [
        Question(
            parts=(
                PicturePart(data=snapshot(pictures[model.id], rng=rng), field="query[0].image"),
            ),
            relevance=_relevance(records, model),
            key=f"picture of {model.group_id}",
        )
        for model in rng.sample(shown, min(count, len(shown)))
    ]


def example_questions(records: Sequence[ProductRecord], *, count: int, seed: int) -> list[Question]:
    """Products as examples, "more like this one": relevance as of their pictures."""
    rng = random.Random(seed)  # noqa: S311 - reproducible data, not secrets
    return [
        Question(
            parts=(ProductPart(product_id=model.id, field="query[0].product"),),
            relevance=_relevance(records, model),
            key=f"example {model.group_id}",
        )
        for model in rng.sample(records, min(count, len(records)))
    ]


def lessons(
    pipeline: Pipeline,
    questions: Sequence[Question],
    *,
    catalog: str,
    seed: int,
    people: People | None = None,
) -> Iterator[Lesson]:
    """Ask every question and let simulated shoppers grade the candidates.

    Where ``people`` are given, half of the questions are asked by one of them, and half of the
    products' counts show what shoppers see in them; the rest know neither, as in a shop that has
    just opened. A question none of whose candidates is relevant teaches nothing and is left out.
    """
    rng = random.Random(seed)  # noqa: S311 - reproducible data, not secrets
    for place, question in enumerate(questions):
        views = rng.choices([v for v, _ in VIEWS], weights=[w for _, w in VIEWS])[0]
        query = Query(catalog=catalog, parts=question.parts, views=views)
        considered = pipeline.consider(query, deadline=Deadline.never())
        relevance = np.array([question.relevance.get(each, 0.0) for each in considered.ids])
        if not relevance.any():
            continue
        facts, columns, liked = considered.facts, considered.columns, np.zeros(len(relevance))
        if people is not None:
            person, columns, liked = people.behind(columns, seed=seed + place)
            facts = replace(facts, person=person)
        yield Lesson(
            query=facts,
            candidates=columns,
            grades=simulated_grades(relevance, columns, seed=seed + place, liked=liked),
            key=question.key,
        )


def _relevance(records: Sequence[ProductRecord], model: ProductRecord) -> dict[str, float]:
    return {record.id: likeness for record in records if (likeness := _likeness(record, model)) > 0}


def _likeness(record: ProductRecord, model: ProductRecord) -> float:
    if record.id == model.id:
        return SAME_PRODUCT
    if record.group_id == model.group_id:
        return SAME_GROUP
    if not model.deepest_category or record.deepest_category != model.deepest_category:
        return 0.0
    return SAME_LOOK if record.color and record.color == model.color else SAME_KIND
