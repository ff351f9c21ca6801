"""A write sent again under the same request id is answered again, and not done again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from server.catalog.answers import Answer
from server.errors import InvalidRequest, Violation
from server.rpc.signing import digest

KEPT_SECONDS = 24 * 3_600.0
_FIELD = "request_id"
_MESSAGE = TypeVar("_MESSAGE", bound=Message)


class Answers(Protocol):
    """What was answered to which request: `server.catalog.answers.Answers`, or a fake."""

    def find(self, request_id: str) -> Answer | None:
        """What was answered, None if it is not known (any more)."""

    def keep(self, request_id: str, answer: Answer) -> Answer:
        """Remember an answer; the one that counts, which is an earlier one if there is one."""

    def forget(self, *, older_than_seconds: float) -> None:
        """Remove answers of that age."""


class Once:
    """Does the work of a request id once. Ids are UUIDs, kept for a day."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def answer(
        self,
        request: Message,
        work: Callable[[], _MESSAGE],
        *,
        request_id: str,
        kind: type[_MESSAGE],
    ) -> _MESSAGE:
        """What ``work`` gives, or what it gave to the same request before.

        Without a request id the work is always done.

        Raises:
            InvalidRequest: ``REQUEST_ID_INVALID`` or ``REQUEST_ID_REUSED`` of ``request_id``.
        """
        if not request_id:
            return work()
        _check_uuid(request_id)
        fingerprint = digest(
            request.DESCRIPTOR.full_name.encode() + request.SerializeToString(deterministic=True)
        )
        known = self._answers.find(request_id)
        if known is None:
            response = work()
            known = self._answers.keep(
                request_id,
                Answer(fingerprint=fingerprint, response=response.SerializeToString()),
            )
            self._answers.forget(older_than_seconds=KEPT_SECONDS)
        if known.fingerprint != fingerprint:
            raise _wrong(
                "REQUEST_ID_REUSED", "it was sent with another request before; make a new UUID"
            )
        return kind.FromString(known.response)


def _check_uuid(text: str) -> None:
    try:
        right = str(uuid.UUID(text)) == text.lower()
    except ValueError:
        right = False
    if not right:
        raise _wrong(
            "REQUEST_ID_INVALID",
            "write a UUID such as 3f2c8f0e-9f0b-4c57-9a53-0f6f1d6c2b11, or leave it empty",
        )


def _wrong(reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field=_FIELD, reason=reason, description=description)])
