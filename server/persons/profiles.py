"""What is known of the shopper who asks: events in, the ranker's facts out, within microseconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

from ranker.columns import PersonFacts
from server.errors import OmnishelfError
from server.persons.event_cache import EventCache, Whose
from server.persons.interest import Interests, interests
from server.persons.person_facts import person_facts
from server.persons.recent_events import RecentEvents, TraitReader

EVENTS: Final = 100
"""How many events of a shopper count, the newest."""

DAYS: Final = 30.0
"""How far back they go."""

KEPT_SECONDS: Final = 1.0
"""How long what was read is taken for true; also how long a failing store is left alone."""

_KEPT_HISTORIES = 20_000
_SECONDS_A_DAY = 86_400.0


class Profiles:
    """Profiles of shoppers, made at each search from their recent events. Any thread."""

    def __init__(
        self,
        recent: RecentEvents,
        *,
        clock: Callable[[], float] = time.monotonic,
        entries: int = _KEPT_HISTORIES,
    ) -> None:
        """``clock`` gives seconds that never go back."""
        self._recent = recent
        self._clock = clock
        self._cache = EventCache[Interests](entries=entries, seconds=KEPT_SECONDS, clock=clock)
        self._failing = False
        self._ask_again_at = 0.0

    def facts(
        self, reader: TraitReader, catalog: str, *, user: str, session: str, now_seconds: float
    ) -> PersonFacts | None:
        """What user and session did in ``catalog`` of late; either may be empty.

        None where nothing is known, where the events are no shopper's (see
        `server.persons.interest.is_flood`), or where the store does not answer: an order must not
        fail for want of a profile.
        """
        if not (user or session) or self._clock() < self._ask_again_at:
            return None
        whose = Whose(catalog=catalog, user=user, session=session)
        since = now_seconds - DAYS * _SECONDS_A_DAY
        try:
            known = self._cache.get(whose, lambda: self._read(whose, since_seconds=since))
        except OmnishelfError as error:
            self._fail(error)
            return None
        self._failing = False
        return person_facts(reader, known, now_seconds=now_seconds) if len(known) else None

    def heard(self, catalog: str, *, user: str, session: str) -> None:
        """This replica recorded an event of theirs: their next search shall know of it."""
        for who in {(user, session), (user, ""), ("", session)}:
            self._cache.heard(Whose(catalog, *who))

    def drop(self) -> None:
        """Somebody was forgotten: keep nothing of anybody.

        Sessions may hold events of the one forgotten, and other replicas are not told who it is.
        """
        self._cache.drop()

    def _read(self, whose: Whose, *, since_seconds: float) -> Interests:
        events = self._recent.recent(
            whose.catalog,
            user=whose.user,
            session=whose.session,
            limit=EVENTS,
            since_seconds=since_seconds,
        )
        return interests(events)

    def _fail(self, error: OmnishelfError) -> None:
        self._ask_again_at = self._clock() + KEPT_SECONDS
        if not self._failing:
            structlog.get_logger().warning("no profiles of shoppers", reason=error.reason)
        self._failing = True
