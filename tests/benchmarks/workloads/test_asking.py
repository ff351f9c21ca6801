"""What is asked off the clock, of a fake server."""

from collections import Counter
from dataclasses import replace

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.workloads.asking import refuse_unanswered, with_tokens
from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import FailedPrecondition, InvalidRequest, NotBuilt, Unavailable


def question(kind: Kind, part: pb.QueryPart) -> Question:
    request = pb.SearchProductsRequest(parent="catalogs/small", query=[part], filter="price < 9")
    return Question(kind=kind, request=request.SerializeToString(deterministic=True))


def workload(*questions: Question) -> Workload:
    return Workload(name="small", catalog="small", data="", questions=questions)


MUG = question(Kind.PAGED, pb.QueryPart(text="mug"))
LAMP = question(Kind.PAGED, pb.QueryPart(text="lamp"))
WORDS = question(Kind.TEXT, pb.QueryPart(text="mug"))
SPOKEN = question(Kind.VOICE, pb.QueryPart(audio=b"wav"))


class Server:
    """Refuses sound, and has a second page of mugs only."""

    def __init__(self) -> None:
        self.asked: Counter[bytes] = Counter()

    def ask(self, request: bytes) -> bytes:
        self.asked[request] += 1
        part = pb.SearchProductsRequest.FromString(request).query[0]
        if part.audio:
            raise NotBuilt("query[0].audio", "this release does not answer query[0].audio")
        token = "page two" if part.text == "mug" else ""
        return pb.SearchProductsResponse(next_page_token=token).SerializeToString()


def test_later_pages_get_the_token_of_their_first() -> None:
    server = Server()
    made = with_tokens(workload(MUG, WORDS, MUG), server.ask)
    asked = [pb.SearchProductsRequest.FromString(each.request) for each in made.questions]
    assert [each.page_token for each in asked] == ["page two", "", "page two"]
    assert server.asked == {MUG.request: 1}, "each search once"
    assert made.questions[1] is WORDS
    asked[0].page_token = ""
    assert asked[0] == pb.SearchProductsRequest.FromString(MUG.request)


def test_a_search_without_a_second_page_is_named() -> None:
    with pytest.raises(
        FailedPrecondition, match=r"1 questions .* 'lamp' where price < 9"
    ) as caught:
        with_tokens(workload(MUG, LAMP), Server().ask)
    assert caught.value.reason == "NO_SECOND_PAGE"


def test_kinds_that_are_refused_are_named_in_the_servers_words() -> None:
    server = Server()
    refuse_unanswered(workload(WORDS, MUG, WORDS, LAMP), server.ask)
    assert server.asked.total() == 2, "each kind once"
    with pytest.raises(InvalidRequest) as caught:
        refuse_unanswered(workload(WORDS, SPOKEN), server.ask)
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("kind voice", "NOT_BUILT")
    assert violation.description == "this release does not answer query[0].audio"


def test_every_refused_kind_is_named() -> None:
    def ask(_request: bytes) -> bytes:
        raise Unavailable("no server answers at 127.0.0.1:1", reason="NO_SERVER")

    asked = workload(WORDS, replace(SPOKEN, kind=Kind.MIXED))
    with pytest.raises(InvalidRequest) as caught:
        refuse_unanswered(asked, ask)
    assert [each.field for each in caught.value.violations] == ["kind text", "kind mixed"]
