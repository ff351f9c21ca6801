"""What is asked off the clock: tokens of second pages, and whether each kind is answered at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import grpc
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import FailedPrecondition, InvalidRequest, OmnishelfError, Violation
from server.rpc.channel import open_channel, wire_errors

Ask = Callable[[bytes], bytes]
"""A serialized `SearchProductsRequest` to its reply's bytes; raises OmnishelfError with what the
server said."""

_METHOD: Final = "/omnishelf.v1.SearchService/SearchProducts"
_MOST_TOLD: Final = 20


@contextmanager
def asking(address: str, *, timeout_seconds: float = 30.0) -> Iterator[Ask]:
    """An `Ask` of the server at ``host:port``."""
    with open_channel(address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            _METHOD, request_serializer=bytes, response_deserializer=bytes
        )

        def ask(request: bytes) -> bytes:
            with wire_errors(address):
                reply: bytes = call(request, timeout=timeout_seconds)
                return reply

        yield ask


def refuse_unanswered(workload: Workload, ask: Ask) -> None:
    """Ask the first question of each kind, so that no run measures how fast a server says no.

    Raises:
        InvalidRequest: one violation for each kind that is refused, in the server's own words.
    """
    first: dict[Kind, Question] = {}
    for question in workload.questions:
        first.setdefault(question.kind, question)
    refused = []
    for kind, question in first.items():
        try:
            ask(question.request)
        except OmnishelfError as error:
            refused.append(
                Violation(field=f"kind {kind}", reason=error.reason, description=error.message)
            )
    if refused:
        raise InvalidRequest(refused)


def with_tokens(workload: Workload, ask: Ask) -> Workload:
    """The workload with every `paged` question asking for the second page of its search.

    Each distinct search is asked for its first page once. A server keeps its pages for some time
    only (ours ten minutes): ask again before each round. A workload's digest is that of the file,
    before this: tokens differ by the second.

    Raises:
        FailedPrecondition: ``NO_SECOND_PAGE``, with up to twenty of the searches that end on their
            first page.
        OmnishelfError: The server refused one.
    """
    later: dict[bytes, bytes | None] = {}
    for question in workload.questions:
        if question.kind is Kind.PAGED and question.request not in later:
            later[question.request] = _second_page(question.request, ask)
    without = [request for request, second in later.items() if second is None]
    if without:
        shown = "; ".join(_shown(request) for request in without[:_MOST_TOLD])
        message = (
            f"{len(without)} questions of kind paged have no second page in this catalog: {shown}; "
            "index the catalogue that the workload was made for, or leave the kind out"
        )
        raise FailedPrecondition(message, reason="NO_SECOND_PAGE")
    questions = tuple(
        replace(question, request=later[question.request] or question.request)
        if question.kind is Kind.PAGED
        else question
        for question in workload.questions
    )
    return replace(workload, questions=questions)


def _second_page(first: bytes, ask: Ask) -> bytes | None:
    token = pb.SearchProductsResponse.FromString(ask(first)).next_page_token
    if not token:
        return None
    request = pb.SearchProductsRequest.FromString(first)
    request.page_token = token
    return request.SerializeToString(deterministic=True)


def _shown(request: bytes) -> str:
    asked = pb.SearchProductsRequest.FromString(request)
    words = " ".join(part.text for part in asked.query) or "a picture"
    return f"{words[:40]!r}" + (f" where {asked.filter[:60]}" if asked.filter else "")
