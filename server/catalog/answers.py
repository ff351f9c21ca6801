"""Responses of writes, kept so that a call sent again is answered and not done again."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import delete, select

from server.catalog.database import Database
from server.catalog.tables import answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, and a fingerprint of the request it answered."""

    fingerprint: bytes
    response: bytes


class Answers:
    """Stored responses by request id. Any thread; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, request_id: str) -> Answer | None:
        """What was answered to that request, None if it is not known (any more)."""
        statement = select(answers.c.fingerprint, answers.c.response).where(
            answers.c.request_id == request_id
        )
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Answer(fingerprint=row[0], response=row[1])

    def keep(self, request_id: str, answer: Answer) -> Answer:
        """Remember an answer; the one that counts, which is an earlier one if there is one."""
        statement = (
            self._database.insert(answers)
            .values(
                request_id=request_id,
                fingerprint=answer.fingerprint,
                response=answer.response,
                created_seconds=time.time(),
            )
            .on_conflict_do_nothing()
        )
        with self._database.write() as connection:
            connection.execute(statement)
        return self.find(request_id) or answer

    def forget(self, *, older_than_seconds: float) -> None:
        """Remove answers of that age."""
        oldest = time.time() - older_than_seconds
        with self._database.write() as connection:
            connection.execute(delete(answers).where(answers.c.created_seconds < oldest))
