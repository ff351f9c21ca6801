"""Simulated persons for lessons: a taste, the history it left, and the facts served from that."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ranker.columns import CandidateColumns, PersonFacts
from ranker.tastes import Taste, drawn_taste, liking, with_counts
from server.feedback.event import EventKind, RecentEvent
from server.persons.interest import interests
from server.persons.person_facts import person_facts
from server.persons.recent_events import TraitReader

PERSON_SHARE = 0.5
"""Share of lessons that a known person asks for."""

COUNTS_SHARE = 0.5
"""Share of lessons whose products were shown and clicked before."""

APPEAL_SPREAD = 0.6
"""Standard deviation, in logits, of what shoppers see in a product and no other column tells."""

_KINDS = (EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.PURCHASE)
_KIND_SHARES = (0.8, 0.14, 0.06)
_MOST_EVENTS = 40
_DAYS = 30.0
_VISIT_DAYS = 1 / 24
_SECONDS_A_DAY = 86_400.0
_SHARPNESS = 2.0


class People:
    """Draws persons over one shop; the same seed draws the same one."""

    def __init__(self, reader: TraitReader, ids: Sequence[str]) -> None:
        """Persons who shop among the products ``ids`` that ``reader`` knows."""
        rows = reader.rows(ids)
        self._reader = reader
        self._ids = [each for each, row in zip(ids, rows.tolist(), strict=True) if row >= 0]
        self._traits = reader.traits(rows[rows >= 0])

    def behind(
        self, columns: CandidateColumns, *, seed: int
    ) -> tuple[PersonFacts | None, CandidateColumns, npt.NDArray[np.float64]]:
        """Who asks, the candidates as counted so far, and what shoppers like about them, (n,).

        The facts are made from a history that was drawn by the taste, by the code that serves them:
        what is learnt from them is what they can tell. Where nobody is known, nobody has a taste.
        """
        rng = np.random.default_rng((seed, 1))
        liked = np.zeros(len(columns))
        person = None
        if self._ids and rng.random() < PERSON_SHARE:
            taste = drawn_taste(self._traits, rng=rng)
            person = self._facts(taste, rng=rng)
            liked += liking(taste, columns)
        if rng.random() < COUNTS_SHARE:
            appeal = rng.normal(0.0, APPEAL_SPREAD, len(columns))
            columns = with_counts(columns, appeal=appeal, rng=rng)
            liked += appeal
        return person, columns, liked

    def _facts(self, taste: Taste, *, rng: np.random.Generator) -> PersonFacts | None:
        """Facts from 2 to 40 events of the last month, on products the more liked the more."""
        worth = np.exp(_SHARPNESS * liking(taste, self._traits))
        count = int(rng.integers(2, _MOST_EVENTS + 1))
        drawn = rng.choice(len(self._ids), size=count, p=worth / worth.sum())
        now = time.time()
        ages = np.sort(rng.exponential(_DAYS / 3, count))
        kinds = rng.choice(len(_KINDS), size=count, p=_KIND_SHARES)
        return person_facts(
            self._reader,
            interests(
                [
                    RecentEvent(
                        product=self._ids[place],
                        kind=_KINDS[kind],
                        time_seconds=now - age * _SECONDS_A_DAY,
                        quantity=1,
                        in_session=age < _VISIT_DAYS,
                    )
                    for place, kind, age in zip(drawn, kinds, ages.tolist(), strict=True)
                ]
            ),
            now_seconds=now,
        )
