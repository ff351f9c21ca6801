"""How good answers are, worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from omnishelf.v1 import product_pb2
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.results.values import Quality
from benchmarks.workloads.judging import (
    Judgments,
    judge,
    quality_apart,
    read_judgments,
)
from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import InvalidRequest
from tests.benchmarks.workloads.small_shop import SmallShop, write_small_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    return write_small_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def judgments(shop: SmallShop) -> Judgments:
    return read_judgments(shop.queries, catalogue=shop.catalogue)


def question(text: str, *, id_: str, page_size: int = 50, kind: Kind = Kind.TEXT) -> Question:
    request = pb.SearchProductsRequest(
        parent="catalogs/small", query=[pb.QueryPart(text=text)], page_size=page_size
    )
    return Question(kind=kind, request=request.SerializeToString(deterministic=True), query_id=id_)


def workload(*questions: Question) -> Workload:
    return Workload(name="small", catalog="small", data="", questions=questions)


def reply(*ids: str) -> bytes:
    hits = [
        pb.Hit(product=product_pb2.Product(name=f"catalogs/small/products/{id_}")) for id_ in ids
    ]
    return pb.SearchProductsResponse(hits=hits).SerializeToString()


MUG, LAMP = question("red mug", id_="1"), question("lamp", id_="3")
# mug-blue (grade 1) before mug-red (grade 2), over the other way round
SWAPPED = (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))


def test_products_that_are_not_there_are_not_judged(judgments: Judgments, shop: SmallShop) -> None:
    assert judgments.grades == {
        "1": {"mug-red": 2, "mug-blue": 1},
        "2": {"mug-red": 2},
        "3": {"lamp": 1},
    }
    assert read_judgments(shop.queries).grades["2"] == {"mug-red": 2, "gone": 1}


def test_each_query_counts_the_same_however_often_it_was_asked(judgments: Judgments) -> None:
    replies = [
        reply("mug-blue", "mug-red"),
        reply("lamp"),
        reply("mug-red", "mug-blue"),
        reply("mug-blue", "mug-red"),
    ]
    places = np.array([0, 1, 0, 0], np.int32)
    quality = judge(workload(MUG, LAMP), replies, judgments=judgments, places=places)
    assert quality.judged == 2
    assert quality.ndcg_at_10 == pytest.approx(((1 + 2 * SWAPPED) / 3 + 1) / 2)
    assert quality.recall_at_50 == 1.0


def test_recall_is_relevant_found_over_relevant_judged(judgments: Judgments) -> None:
    quality = judge(workload(MUG, LAMP), [reply("mug-red", "shoe"), reply("shoe")],
                    judgments=judgments)  # fmt: skip
    assert quality.recall_at_50 == pytest.approx((1 / 2 + 0) / 2)
    assert quality.ndcg_at_10 == pytest.approx((3 / (3 + 1 / math.log2(3)) + 0) / 2)


def test_short_pages_have_no_recall(judgments: Judgments) -> None:
    asked = workload(MUG, question("lamp", id_="3", page_size=20))
    quality = judge(asked, [reply("mug-red", "mug-blue"), reply("lamp")], judgments=judgments)
    assert quality == Quality(judged=2, recall_at_50=None, ndcg_at_10=1.0)


def test_only_answered_judged_text_questions_count(judgments: Judgments) -> None:
    asked = workload(
        MUG,
        question("lamp", id_="3", kind=Kind.PAGED),
        question("hat", id_=""),
        question("nothing", id_="4"),
    )
    replies = [b"", *[reply("lamp")] * 3]
    assert judge(asked, replies, judgments=judgments) == Quality(judged=0)


def test_another_file_of_queries_is_refused(judgments: Judgments) -> None:
    asked = workload(question("blue mug", id_="1"))
    with pytest.raises(InvalidRequest, match="query 1 asks 'blue mug' and 'red mug' was judged"):
        judge(asked, [reply("mug-red")], judgments=judgments)


def test_apart_each_judged_question_is_asked_once_with_a_long_page(judgments: Judgments) -> None:
    asked: list[pb.SearchProductsRequest] = []

    def ask(request: bytes) -> bytes:
        asked.append(pb.SearchProductsRequest.FromString(request))
        return reply("mug-red", "mug-blue", "lamp")

    short = question("red mug", id_="1", page_size=5)
    quality = quality_apart(workload(short, short, LAMP), ask, judgments=judgments)
    assert [(each.query[0].text, each.page_size) for each in asked] == [
        ("red mug", 50),
        ("lamp", 50),
    ]
    assert quality.judged == 2
    assert quality.recall_at_50 == 1.0
    # red mug is right; the lamp stands third: 1 / log2(4)
    assert quality.ndcg_at_10 == pytest.approx((1 + 1 / 2) / 2)
    assert quality_apart(workload(), ask, judgments=judgments) == Quality(judged=0)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no file"):
        read_judgments(tmp_path / "none.jsonl")
