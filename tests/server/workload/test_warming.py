"""Warming up: what is asked, how long, and what is said of it."""

from collections.abc import Callable

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import NotFound
from server.workload.line import Absent, QuestionLine
from server.workload.warming import warm


def question(words: str, kind: str = "text") -> QuestionLine:
    request = pb.SearchProductsRequest(parent="catalogs/shop", query=[pb.QueryPart(text=words)])
    return QuestionLine(kind=kind, request=request)


class Service:
    """Answers with a second page, and refuses one word."""

    def __init__(self, when_asked: Callable[[], None] = lambda: None) -> None:
        self.asked: list[tuple[str, str]] = []
        self._when_asked = when_asked

    def ask(self, request: pb.SearchProductsRequest) -> pb.SearchProductsResponse:
        content = request.query[0].WhichOneof("content") or ""
        self.asked.append((request.query[0].text or content, request.page_token))
        self._when_asked()
        if request.query[0].text == "gone":
            raise NotFound("there is no such catalog")
        return pb.SearchProductsResponse(next_page_token="" if request.page_token else "two")


def test_each_question_is_asked_once_and_pages_twice() -> None:
    service = Service()
    lines = [question("mug"), question("lamp", "paged"), question("mug"), question("gone")]
    warmed = warm(lines, service.ask, seconds=60)
    assert service.asked == [("mug", ""), ("lamp", ""), ("lamp", "two"), ("gone", "")]
    assert (warmed.answered, warmed.refused, warmed.whole) == (2, {"NOT_FOUND": 1}, True)


def test_pictures_are_painted_and_speech_is_passed_over() -> None:
    service = Service()
    request = pb.SearchProductsRequest(query=[pb.QueryPart()])
    lines = [
        QuestionLine(
            kind="picture",
            request=request,
            absent=(Absent(part=0, content="image", size=9, width=8, height=8),),
        ),
        QuestionLine(
            kind="voice", request=request, absent=(Absent(part=0, content="audio", size=9),)
        ),
    ]
    warmed = warm(lines, service.ask, seconds=60)
    assert service.asked == [("image", "")]
    assert (warmed.answered, warmed.refused) == (1, {"ABSENT_UNKNOWN": 1})


def test_it_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def pass_time() -> None:
        now[0] += 4.0

    monkeypatch.setattr("server.workload.warming.time.monotonic", lambda: now[0])
    service = Service(when_asked=pass_time)
    warmed = warm([question(str(each)) for each in range(9)], service.ask, seconds=10)
    assert (len(service.asked), warmed.whole, warmed.seconds) == (3, False, 12.0)


def test_it_ends_when_the_server_shall_stop() -> None:
    service = Service()
    lines = [question(str(each)) for each in range(9)]
    warmed = warm(lines, service.ask, seconds=60, given_up=lambda: len(service.asked) == 2)
    assert (len(service.asked), warmed.whole) == (2, False)


def test_the_log_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]

    def pass_time() -> None:
        now[0] += 3.0

    monkeypatch.setattr("server.workload.warming.time.monotonic", lambda: now[0])
    warm([question(str(each)) for each in range(4)], Service(pass_time).ask, seconds=60)
    told = capsys.readouterr().out
    assert told.count("warming up") == 1
    assert "answered=2" in told
    assert told.count("warmed up") == 1
