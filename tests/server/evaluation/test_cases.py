"""Cases to evaluate from judged queries and from recorded searches, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from ranker.evaluation import Case
from server.candidate_finder import Considered
from server.deadline import Deadline
from server.errors import InvalidRequest, Violation
from server.evaluation.cases import judged_cases, logged_cases, products_named
from server.evaluation.judged import JudgedQuery, RejectedQuery
from server.feedback.event import EventKind
from server.feedback.judged import SearchEvent, SearchWithEvents
from server.pipeline import Pipeline
from server.query import PicturePart, Query, TextPart
from tests.ranker.conftest import unknown_candidates, unknown_query
from tests.server.commands.search_records import search

KNOWN = frozenset({"a", "b", "c"})


class TwoFound:
    """A pipeline that finds a and b for everything but a broken picture."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    def consider(self, query: Query, *, deadline: Deadline) -> Considered:
        self.asked.append(query)
        for part in query.parts:
            if isinstance(part, PicturePart) and part.data == b"broken":
                violation = Violation(field=part.field, reason="PICTURE", description="is broken")
                raise InvalidRequest([violation])
        return Considered(
            facts=unknown_query(),
            text="",
            ids=("a", "b"),
            rows=np.arange(2, dtype=np.int32),
            columns=unknown_candidates(2, price=[10.0, 20.0]),
        )


def judged(line: int, grades: dict[str, float], *, picture: bytes | None = None) -> JudgedQuery:
    return JudgedQuery(line=line, text="mug", picture=picture, language="en", grades=grades)


def cases_of(*queries: JudgedQuery) -> tuple[list[Case | RejectedQuery], TwoFound]:
    pipeline = TwoFound()
    found = judged_cases(cast("Pipeline", pipeline), queries, catalog="shop", known=KNOWN)
    return list(found), pipeline


def test_judgments_grade_candidates_and_count_what_was_not_found() -> None:
    grades = {"b": 2.0, "c": 1.0, "elsewhere": 2.0}
    (case,), pipeline = cases_of(judged(1, grades))
    assert isinstance(case, Case)
    assert case.products == ("a", "b")
    assert case.grades.tolist() == [0, 2]
    assert case.missed == (1,)  # c is of the catalogue, elsewhere is not
    assert case.worth.tolist() == [0.0, 20 * 3 / 4]
    assert pipeline.asked[0].parts == (TextPart(text="mug"),)


def test_the_best_grade_is_that_of_all_queries() -> None:
    (first, _), _ = cases_of(judged(1, {"a": 1.0}), judged(2, {"a": 4.0}))
    assert isinstance(first, Case)
    assert first.worth.tolist() == [10 * 1 / 16, 0.0]


@pytest.mark.parametrize("grade", [0.5, 11.0])
def test_grades_that_cannot_be_evaluated_reject_their_query_alone(grade: float) -> None:
    (first, second), pipeline = cases_of(judged(1, {"a": grade}), judged(2, {"a": 1.0}))
    assert isinstance(first, RejectedQuery)
    assert first.line == 1
    assert "whole grades" in first.violation.description
    assert isinstance(second, Case)
    assert second.worth.tolist() == [10 * 1 / 2, 0.0]
    assert len(pipeline.asked) == 1


def test_a_query_that_cannot_be_asked_is_rejected() -> None:
    (first,), _ = cases_of(judged(7, {"a": 1.0}, picture=b"broken"))
    assert isinstance(first, RejectedQuery)
    assert (first.line, first.violation.reason) == (7, "PICTURE")


def event(product: str, kind: EventKind, **fields: object) -> SearchEvent:
    plain = SearchEvent(
        product=product,
        kind=kind,
        position=1,
        time_seconds=0.0,
        user="",
        session="",
        quantity=0,
        revenue_micros=None,
        currency="",
        trusted=True,
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # by keyword


def test_what_shoppers_did_grades_a_recorded_search() -> None:
    record = search(3)  # twenty candidates, the first five shown as p0 to p4 in their order
    assert record.ranked is not None
    prices = np.full(20, 8.0, np.float32)
    columns = replace(record.ranked.columns, price=prices)
    record = replace(record, ranked=replace(record.ranked, columns=columns))
    events = (
        event("p0", EventKind.CLICK),
        event("p1", EventKind.ADD_TO_CART),
        event("p1", EventKind.CLICK),
        event("p2", EventKind.IMPRESSION),
        event("p3", EventKind.PURCHASE, quantity=2, revenue_micros=15_000_000),
        event("p1", EventKind.PURCHASE, quantity=3),
        event("elsewhere", EventKind.PURCHASE, quantity=1),
    )
    (case,) = logged_cases([SearchWithEvents(record=record, events=events)])
    assert case.products[:6] == ("p0", "p1", "p2", "p3", "p4", "")
    assert case.grades.tolist() == [1, 3, 0, 3] + [0] * 16
    # Three at 8, seen at place 2; 15 paid, seen at place 4.
    assert case.worth[:5].tolist() == pytest.approx([0, 24 * np.log2(3), 0, 15 * np.log2(5), 0])
    # The order that was shown is worth what was paid.
    discounts = 1 / np.log2(np.arange(20) + 2)
    assert case.worth @ discounts == pytest.approx(24 + 15)
    assert products_named([case, case]) == 5


def test_searches_without_columns_or_trust_take_no_part() -> None:
    without = SearchWithEvents(record=replace(search(3), ranked=None), events=())
    events = (event("p0", EventKind.CLICK), event("p4", EventKind.PURCHASE, trusted=False))
    doubtful = SearchWithEvents(record=search(4), events=events)
    assert list(logged_cases([without, doubtful])) == []
