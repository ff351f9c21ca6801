from collections.abc import Callable

import pytest
from omnishelf.v1 import product_pb2
from omnishelf.v1 import product_service_pb2 as pb

from server.catalog.answers import Answer
from server.errors import InvalidRequest, NotFound
from server.rpc.once import KEPT_SECONDS, Once

ID = "3f2c8f0e-9f0b-4c57-9a53-0f6f1d6c2b11"
REQUEST = pb.DeleteProductRequest(name="catalogs/luma/products/p1")


class Answers:
    def __init__(self) -> None:
        self.kept: dict[str, Answer] = {}
        self.forgot: list[float] = []

    def find(self, request_id: str) -> Answer | None:
        return self.kept.get(request_id)

    def keep(self, request_id: str, answer: Answer) -> Answer:
        return self.kept.setdefault(request_id, answer)

    def forget(self, *, older_than_seconds: float) -> None:
        self.forgot.append(older_than_seconds)


class Work:
    """Gives another title each time it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> product_pb2.Product:
        self.done += 1
        return product_pb2.Product(title=f"done {self.done}")


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def ask(answers: Answers, work: Work) -> Callable[..., str]:
    once = Once(answers)

    def answer(request_id: str, request: pb.DeleteProductRequest = REQUEST) -> str:
        kind = product_pb2.Product
        return once.answer(request, work, request_id=request_id, kind=kind).title

    return answer


def test_the_work_of_an_id_is_done_once(ask: Callable[..., str], work: Work) -> None:
    assert [ask(ID), ask(ID), ask(ID)] == ["done 1"] * 3
    assert work.done == 1


def test_without_an_id_it_is_done_each_time(ask: Callable[..., str], answers: Answers) -> None:
    assert [ask(""), ask("")] == ["done 1", "done 2"]
    assert not answers.kept


def test_an_id_belongs_to_one_request(ask: Callable[..., str], work: Work) -> None:
    ask(ID)
    other = pb.DeleteProductRequest(name="catalogs/luma/products/p2")
    with pytest.raises(InvalidRequest) as caught:
        ask(ID, other)
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("request_id", "REQUEST_ID_REUSED")
    assert work.done == 1


@pytest.mark.parametrize("request_id", ["1", "x" * 36, ID.replace("-", ""), f"{{{ID}}}", f"{ID} "])
def test_what_is_no_uuid(ask: Callable[..., str], work: Work, request_id: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ask(request_id)
    assert caught.value.violations[0].reason == "REQUEST_ID_INVALID"
    assert work.done == 0


def test_a_failure_is_not_kept(answers: Answers) -> None:
    def fail() -> product_pb2.Product:
        raise NotFound("gone")

    with pytest.raises(NotFound):
        Once(answers).answer(REQUEST, fail, request_id=ID, kind=product_pb2.Product)
    assert not answers.kept


def test_of_two_at_once_the_first_answer_counts(answers: Answers, work: Work) -> None:
    once = Once(answers)
    kind = product_pb2.Product

    def overtaken() -> product_pb2.Product:
        once.answer(REQUEST, work, request_id=ID, kind=kind)
        return product_pb2.Product(title="late")

    assert once.answer(REQUEST, overtaken, request_id=ID, kind=kind).title == "done 1"


def test_old_answers_are_forgotten_after_a_day(ask: Callable[..., str], answers: Answers) -> None:
    ask(ID)
    assert answers.forgot == [KEPT_SECONDS] == [86_400]
