"""What is asked of a system: requests as the wire has them, each with its kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a request is, for tables: a request is of one kind."""

    TEXT = "text"
    PICTURE = "picture"
    MIXED = "mixed"
    """Words and a picture in one query."""
    VOICE = "voice"
    FILTERED = "filtered"
    PAGED = "paged"
    """A later page, of an order that a page token carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request.

    Attributes:
        kind: For tables.
        request: A serialized `omnishelf.v1.SearchProductsRequest`.
        query_id: The judged query that it asks, so that its answer can be judged; "" for none.
        due_seconds: When it came, counted from a recording's start; None where it was drawn.
    """

    kind: Kind
    request: bytes
    query_id: str = ""
    due_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Questions in the order they are asked, and what they were made for.

    Attributes:
        name: For people.
        catalog: The catalog's id.
        data: SHA-256, in hex, of the catalogue's file that was indexed; "" where unknown.
        questions: At least one. Those asked more often are there more often.
    """

    name: str
    catalog: str
    data: str
    questions: tuple[Question, ...]

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of every request in order: equal digests ask the same."""
        return digest_of(question.request for question in self.questions)


def digest_of(requests: Iterable[bytes]) -> str:
    """SHA-256, in hex, over length-prefixed requests."""
    made = hashlib.sha256()
    for request in requests:
        made.update(len(request).to_bytes(8, "big"))
        made.update(request)
    return made.hexdigest()
