"""How good the answers to a workload's judged questions are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.results.values import Quality
from benchmarks.workloads.asking import Ask
from benchmarks.workloads.catalogue import product_ids
from benchmarks.workloads.workload import Kind, Question, Workload
from ranker.metrics import mean_over_queries
from server.errors import InvalidRequest, Violation
from server.evaluation.judged import JudgedQuery, read_judged
from server.evaluation.quality import quality_of

RECALL_PLACES: Final = 50

NOT_JUDGED: Final = Quality(judged=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgments:
    """Graded relevance by query id: the words that were judged, and the grades of products."""

    texts: Mapping[str, str]
    grades: Mapping[str, Mapping[str, float]]


def read_judgments(queries: Path, *, catalogue: Path | None = None) -> Judgments:
    """The judged queries of words of a file, by the line they stand on, which is their query id.

    Grades of products that are not in ``catalogue`` do not count, and queries without any other
    are not judged.

    Raises:
        InvalidRequest: there is no such file, or it cannot be read.
    """
    known = None if catalogue is None else product_ids(catalogue)
    texts: dict[str, str] = {}
    grades: dict[str, Mapping[str, float]] = {}
    for line in read_judged(queries):
        if not isinstance(line, JudgedQuery) or line.text is None or line.picture is not None:
            continue
        counted = {id_: each for id_, each in line.grades.items() if known is None or id_ in known}
        if counted:
            texts[str(line.line)] = line.text
            grades[str(line.line)] = counted
    return Judgments(texts=texts, grades=grades)


def judge(
    workload: Workload,
    replies: Sequence[bytes],
    *,
    judgments: Judgments,
    places: npt.NDArray[np.integer] | Sequence[int] | None = None,
) -> Quality:
    """NDCG@10, with gains ``2^grade - 1``, and recall@50 of replies to judged text questions.

    Args:
        workload: What was asked.
        replies: Serialized `SearchProductsResponse`; empty where there was none, which counts for
            nothing: what a failed request costs stands in its status.
        judgments: Of the queries that the workload's questions name.
        places: Which question of the workload each reply is to, as `Plan.places` has it; None where
            they are to all questions in order.

    Returns:
        Means over queries of the mean over each query's replies, so that popular ones count no
        more than others. Recall is None unless every reply could hold fifty hits.

    Raises:
        InvalidRequest: ``JUDGED_OTHERWISE``, a question's words are not those that were judged:
            the file of judged queries is not the one that the workload was drawn from.
    """
    order = range(len(workload.questions)) if places is None else places
    ndcg: dict[str, list[float]] = {}
    recall: dict[str, list[float]] = {}
    whole = True
    for place, reply in zip(order, replies, strict=False):
        question = workload.questions[int(place)]
        if not reply or question.kind is not Kind.TEXT or question.query_id not in judgments.texts:
            continue
        if question.query_id not in ndcg:
            whole = _checked(question, judgments).page_size >= RECALL_PLACES and whole
        response = pb.SearchProductsResponse.FromString(reply)
        shown = [hit.product.name.rpartition("/")[2] for hit in response.hits]
        quality = quality_of(shown, judgments.grades[question.query_id])
        ndcg.setdefault(question.query_id, []).append(quality.ndcg_10)
        recall.setdefault(question.query_id, []).append(quality.recall_50)
    if not ndcg:
        return NOT_JUDGED
    return Quality(
        judged=len(ndcg),
        recall_at_50=_mean(recall) if whole else None,
        ndcg_at_10=_mean(ndcg),
    )


def quality_apart(workload: Workload, ask: Ask, *, judgments: Judgments) -> Quality:
    """Ask every judged text question once, off the clock, with a page long enough for recall."""
    distinct: dict[str, Question] = {}
    for question in workload.questions:
        if question.kind is Kind.TEXT and question.query_id in judgments.texts:
            distinct.setdefault(question.query_id, question)
    questions = tuple(
        Question(kind=Kind.TEXT, request=_whole_page(each.request), query_id=each.query_id)
        for each in distinct.values()
    )
    if not questions:
        return NOT_JUDGED
    asked = Workload(
        name=workload.name, catalog=workload.catalog, data=workload.data, questions=questions
    )
    replies = [ask(question.request) for question in questions]
    return judge(asked, replies, judgments=judgments)


def _whole_page(request: bytes) -> bytes:
    longer = pb.SearchProductsRequest.FromString(request)
    longer.page_size = RECALL_PLACES
    longer.product_detail = pb.PRODUCT_DETAIL_NAME
    return longer.SerializeToString(deterministic=True)


def _checked(question: Question, judgments: Judgments) -> pb.SearchProductsRequest:
    asked = pb.SearchProductsRequest.FromString(question.request)
    words = [part.text for part in asked.query]
    judged = judgments.texts[question.query_id]
    if words != [judged]:
        description = (
            f"query {question.query_id} asks {' '.join(words)[:60]!r} and {judged[:60]!r} was "
            "judged; name the file of queries that the workload was drawn from"
        )
        violation = Violation(field="QUERIES", reason="JUDGED_OTHERWISE", description=description)
        raise InvalidRequest([violation])
    return asked


def _mean(values: Mapping[str, Sequence[float]]) -> float | None:
    mean = mean_over_queries([sum(each) / len(each) for each in values.values()])
    return None if math.isnan(mean) else mean
