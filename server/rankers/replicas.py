"""Which replicas serve, and what each says of a ranker that is about to be served."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select

from server.catalog.database import Database
from server.rankers.tables import ranker_replicas

_BEING_THERE: Final = ""
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What replicas said of one ranker, and which have not said anything."""

    ready: frozenset[str]
    refused: Mapping[str, str]
    silent: frozenset[str]


class Replicas:
    """The replicas of one store. Any thread; each method is one transaction.

    A replica that was killed stays listed until a promotion has waited for it in vain; one that was
    only slow lists itself again with its answer.

    Raises (any method):
        Unavailable: the store does not answer.
    """

    def __init__(self, database: Database, *, own: str | None = None) -> None:
        """``own`` names this replica, in place of a name that nobody had before."""
        self._database = database
        self.own = own or uuid.uuid4().hex
        """Name of this process's replica."""

    def enter(self) -> None:
        """List this replica as one that serves."""
        self._write({_BEING_THERE: ""})

    def leave(self) -> None:
        """Take this replica off the list, with all that it said."""
        self.drop([self.own])

    def answer(self, ranker: str, *, refused: str = "") -> None:
        """Say that this replica holds a ranker ready, or why it refused it."""
        self._write({_BEING_THERE: "", ranker: refused[:_LONGEST_REASON]})

    def forget(self, ranker: str) -> None:
        """Take this replica's answer back: it holds the ranker no longer."""
        columns = ranker_replicas.c
        statement = delete(ranker_replicas).where(
            columns.replica == self.own, columns.ranker == ranker
        )
        with self._database.write() as connection:
            connection.execute(statement)

    def answers(self, ranker: str) -> Answers:
        """What every listed replica said of a ranker."""
        columns = ranker_replicas.c
        statement = select(columns.replica, columns.ranker, columns.refused).where(
            columns.ranker.in_([_BEING_THERE, ranker])
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        said = {row.replica: row.refused for row in rows if row.ranker == ranker}
        return Answers(
            ready=frozenset(replica for replica, refused in said.items() if not refused),
            refused={replica: refused for replica, refused in said.items() if refused},
            silent=frozenset(row.replica for row in rows) - frozenset(said),
        )

    def drop(self, replicas: Collection[str]) -> None:
        """Take replicas off the list, with all that they said."""
        columns = ranker_replicas.c
        with self._database.write() as connection:
            connection.execute(delete(ranker_replicas).where(columns.replica.in_(replicas)))

    def drop_answers(self, ranker: str) -> None:
        """Forget refusals of a ranker, so that replicas look at it again."""
        columns = ranker_replicas.c
        statement = delete(ranker_replicas).where(columns.ranker == ranker, columns.refused != "")
        with self._database.write() as connection:
            connection.execute(statement)

    def _write(self, said: Mapping[str, str]) -> None:
        insert = self._database.insert(ranker_replicas)
        statement = insert.on_conflict_do_update(
            index_elements=["replica", "ranker"],
            set_={
                "refused": insert.excluded["refused"],
                "answered_seconds": insert.excluded["answered_seconds"],
            },
        )
        rows = [
            {"replica": self.own, "ranker": ranker, "refused": refused, "answered_seconds": now}
            for now in [time.time()]
            for ranker, refused in said.items()
        ]
        with self._database.write() as connection:
            connection.execute(statement, rows)
