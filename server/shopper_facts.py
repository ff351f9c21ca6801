"""What is known of who asks, for a search that goes on where nothing is."""

from __future__ import annotations

from typing import Protocol

from ranker.columns import PersonFacts
from server.errors import OmnishelfError
from server.leased import Leased
from server.query import Query
from server.signals.reader import TableReader


class Persons(Protocol):
    """What is known of shoppers: `server.persons.profiles.Profiles`, or a fake."""

    def facts(
        self, reader: TableReader, catalog: str, *, user: str, session: str, now_seconds: float
    ) -> PersonFacts | None:
        """What a shopper did lately, None where nothing is known; may raise OmnishelfError."""


class NoPersons:
    """`Persons` that knows nobody: every shopper is shown the same."""

    def facts(
        self, reader: TableReader, catalog: str, *, user: str, session: str, now_seconds: float
    ) -> None:
        """Nothing."""
        del reader, catalog, user, session, now_seconds


def shopper_facts(
    persons: Persons, query: Query, leased: Leased, *, now_seconds: float
) -> PersonFacts | None:
    """The facts of the query's shopper; a failure is noted as a fallback, not raised."""
    shopper = query.shopper
    if shopper is None:
        return None
    try:
        return persons.facts(
            leased.reader,
            query.catalog,
            user=shopper.user,
            session=shopper.session,
            now_seconds=now_seconds,
        )
    except OmnishelfError as error:
        leased.clock.fall_back("signals", used="no_profile", reason=error.reason)
        return None
