"""Asks a workload's questions before a server says that it is ready."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import OmnishelfError
from server.workload.line import LineRefused, QuestionLine
from server.workload.stand_in import filled, painted

AskRequest = Callable[[pb.SearchProductsRequest], pb.SearchProductsResponse]
"""Answers as the service does; raises OmnishelfError as it does."""

_TELL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """What came of it.

    Attributes:
        answered: Questions that were answered.
        refused: How many were not, by reason.
        seconds: How long it took.
        whole: Whether every question was asked in the time that was given.
    """

    answered: int
    refused: Mapping[str, int]
    seconds: float
    whole: bool


def warm(
    questions: Iterable[QuestionLine],
    ask: AskRequest,
    *,
    seconds: float,
    given_up: Callable[[], bool] = lambda: False,
) -> Warmed:
    """Ask one question after another for at most ``seconds``, and serialize the replies.

    Repeats are asked once. Pictures that a recording did not keep are painted, a later page is
    asked after its first, and a question that is refused is passed over: another server answered
    it, with other products. It ends early when ``given_up`` says so. The log tells how far it is.
    """
    log = structlog.get_logger("omnishelf.warm_up")
    started = told = time.monotonic()
    refused: Counter[str] = Counter()
    answered = 0
    whole = True
    seen: set[bytes] = set()
    for question in questions:
        now = time.monotonic()
        if now - started >= seconds or given_up():
            whole = False
            break
        if now - told >= _TELL_SECONDS:
            log.info("warming up", answered=answered, seconds=round(now - started, 1))
            told = now
        try:
            request = filled(question, stand_in=painted)
            key = f"{question.kind} ".encode() + request.SerializeToString(deterministic=True)
            if key in seen:
                continue
            seen.add(key)
            reply = ask(request)
            reply.SerializeToString()
            if question.kind == "paged" and reply.next_page_token:
                request.page_token = reply.next_page_token
                ask(request).SerializeToString()
            answered += 1
        except (OmnishelfError, LineRefused) as error:
            refused[error.reason] += 1
    taken = time.monotonic() - started
    log.info(
        "warmed up", answered=answered, refused=dict(refused), seconds=round(taken, 1), whole=whole
    )
    return Warmed(answered=answered, refused=dict(refused), seconds=taken, whole=whole)
