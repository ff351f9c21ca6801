"""Queries with their candidates as `ranker.evaluation` takes them, from judgments or from a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ranker.evaluation import Case, expected_worth
from ranker.standard_measures import LARGEST_GRADE
from server.deadline import Deadline
from server.errors import InvalidRequest, Violation
from server.evaluation.judged import JudgedQuery, RejectedQuery
from server.feedback.event import EventKind
from server.feedback.judged import SearchEvent, SearchWithEvents
from server.pipeline import Pipeline
from server.query import Query

EVENT_GRADES = {EventKind.CLICK: 1, EventKind.ADD_TO_CART: 2, EventKind.PURCHASE: 3}
"""How good an answer is by the most that was done with it in its search."""

_MICROS = 1_000_000


def judged_cases(
    pipeline: Pipeline, queries: Sequence[JudgedQuery], *, catalog: str, known: frozenset[str]
) -> Iterator[Case | RejectedQuery]:
    """Every query's candidates as the pipeline considers them, graded by its judgments.

    Grades of products that are not ``known`` to the catalog do not count. Worth is
    `expected_worth`, with the highest grade of all queries as the best. A query with a grade that
    is no whole number, or above `LARGEST_GRADE`, is rejected, as is one that cannot be asked.
    """
    every = [grade for query in queries for grade in query.grades.values() if _whole(grade)]
    best = round(max(every, default=1))
    for query in queries:
        wrong = [grade for grade in query.grades.values() if not _whole(grade)]
        if wrong:
            yield _rejected(query, wrong[0])
            continue
        grades = {id_: round(grade) for id_, grade in query.grades.items() if id_ in known}
        asked = Query(catalog=catalog, parts=query.parts())
        try:
            considered = pipeline.consider(asked, deadline=Deadline.never())
        except InvalidRequest as error:
            yield RejectedQuery(line=query.line, violation=error.violations[0])
            continue
        found = set(considered.ids)
        given = np.array([grades.get(each, 0) for each in considered.ids], np.int32)
        yield Case(
            query=considered.facts,
            candidates=considered.columns,
            products=considered.ids,
            grades=given,
            missed=tuple(grade for id_, grade in grades.items() if id_ not in found),
            worth=expected_worth(given, considered.columns, best_grade=best),
        )


def logged_cases(searches: Iterable[SearchWithEvents]) -> Iterator[Case]:
    """Recorded searches of which all columns were kept, graded by what shoppers did.

    Searches of visits that are not trusted are left out. Grades are `EVENT_GRADES`. Worth is what
    was paid in that search, times log2(place + 1) of the place it was shown at: so the order that
    was shown is worth what was paid from its first places, and another order as much more or less
    as its places are looked at.
    Nothing tells of products that were not shown: the log favours the ranker that wrote it.
    Candidates below the recorded places have no name (empty).
    """
    for search in searches:
        ranked = search.record.ranked
        if ranked is None or not all(event.trusted for event in search.events):
            continue
        shown = search.record.shown
        products = [""] * len(ranked.columns)
        place_of = {product: place for place, product in enumerate(shown)}
        for place, product in zip(ranked.order.tolist(), shown, strict=False):
            products[place] = product
        grades = np.zeros(len(products), np.int32)
        worth = np.zeros(len(products))
        row_of = {product: row for row, product in enumerate(products) if product}
        for event in search.events:
            row = row_of.get(event.product)
            if row is None:
                continue
            grades[row] = max(grades[row], EVENT_GRADES.get(event.kind, 0))
            if event.kind is EventKind.PURCHASE:
                paid = _paid(event, price=float(ranked.columns.price[row]))
                worth[row] += paid * np.log2(place_of[event.product] + 2)
        yield Case(
            query=ranked.facts,
            candidates=ranked.columns,
            products=tuple(products),
            grades=grades,
            missed=(),
            worth=worth,
        )


def products_named(cases: Sequence[Case]) -> int:
    """How many different products the cases name."""
    return len({product for case in cases for product in case.products if product})


def _paid(event: SearchEvent, *, price: float) -> float:
    """Of all units, in the event's currency; the catalogue's price where the event does not say."""
    if event.revenue_micros is not None:
        return event.revenue_micros / _MICROS
    return 0.0 if np.isnan(price) else price * max(event.quantity, 1)


def _whole(grade: float) -> bool:
    return grade == round(grade) and 0 <= grade <= LARGEST_GRADE


def _rejected(query: JudgedQuery, grade: float) -> RejectedQuery:
    violation = Violation(
        field="relevance",
        reason="GRADE_NOT_WHOLE",
        description=f"{grade:g} cannot be evaluated; give whole grades from 0 to {LARGEST_GRADE}",
    )
    return RejectedQuery(line=query.line, violation=violation)
