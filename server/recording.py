"""What is kept of a search: enough to learn from, and of some searches enough to prove sameness."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from ranker.features.schema import fingerprint
from server.arrays import Int32Array
from server.candidate_finder import Considered
from server.draws import Purpose, draw
from server.feedback.search_record import RankedColumns, SearchRecord
from server.query import Query, Shopper
from server.ranking_stage import Ranked

_FINGERPRINT = fingerprint()
_NOBODY = Shopper()


class SearchLog(Protocol):
    """Where records go: `server.feedback.search_log.SearchLog`, or a fake."""

    def note(self, record: SearchRecord) -> None:
        """Keep a record; never waits and never raises."""


class NoLog:
    """A `SearchLog` that keeps nothing."""

    def note(self, record: SearchRecord) -> None:
        """Nothing."""
        del record


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """How much is kept.

    ``search_share`` of searches with the features of their first ``places``; ``columns_share`` of
    those with all that they were ranked by.
    """

    search_share: float = 1.0
    places: int = 50
    columns_share: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One search as it was answered.

    ``order`` int32 (k,) holds the candidates' places as shown; ``swapped`` the two places of it,
    from 0, that were swapped at random.
    """

    search_id: str
    query: Query
    considered: Considered
    ranked: Ranked
    order: Int32Array
    swapped: tuple[int, int] | None
    encoder_bundle: str


class SearchRecorder:
    """Notes searches in a log, each or a share of them, as their ids decide."""

    def __init__(self, log: SearchLog, *, options: RecordingOptions) -> None:
        self._log = log
        self._options = options

    def note(self, answered: Answered) -> None:
        """Keep what was answered, if it is one to keep; trials never are."""
        search_id, query = answered.search_id, answered.query
        if query.is_trial or draw(search_id, Purpose.RECORD) >= self._options.search_share:
            return
        considered, ranked = answered.considered, answered.ranked
        places = answered.order[: self._options.places]
        whole = draw(search_id, Purpose.COLUMNS) < self._options.columns_share
        shopper = query.shopper or _NOBODY
        self._log.note(
            SearchRecord(
                search_id=search_id,
                catalog=query.catalog,
                time_seconds=time.time(),
                user=shopper.user,
                session=shopper.session,
                text=considered.text,
                ranker=ranked.ranker.id,
                fingerprint=_FINGERPRINT if ranked.by_schema else "",
                encoder_bundle=answered.encoder_bundle,
                shown=tuple([considered.ids[place] for place in places.tolist()]),
                features=ranked.matrix[places],
                swapped=answered.swapped,
                ranked=_all_columns(answered) if whole else None,
            )
        )


def _all_columns(answered: Answered) -> RankedColumns:
    return RankedColumns(
        facts=answered.considered.facts,
        columns=answered.considered.columns,
        matrix=answered.ranked.matrix,
        scores=answered.ranked.given,
        order=answered.order,
    )
