"""Chooses the ranker a server starts with: the promoted one, else what is next best and whole."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from ranker.baseline import RetrievalOrder
from ranker.protocol import Ranker
from server.rankers.health import Refused
from server.rankers.loading import REFUSALS, RankerLoader
from server.rankers.versions import SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRanker:
    """``ranker`` is loaded as ``id``; ``refused`` is a better one that is not."""

    id: str
    ranker: Ranker
    refused: Refused | None = None


def first_ranker(loader: RankerLoader, turns: list[str]) -> FirstRanker:
    """The last of ``turns`` that can be served, see `versions.served_in_turn`.

    Tried are the promoted version, the one it replaced, the ranker of the settings and the one that
    ships, and retrieval order is served where all are refused: a server starts in any case. Only
    where nothing was ever promoted is a broken ranker of the settings an error, for it was named
    by whoever starts the server.

    Raises:
        ranker.errors.ModelRefused: the ranker of the settings is broken, and none was promoted.
        Unavailable: the store does not answer.
    """
    if turns == [SETTINGS]:
        return FirstRanker(id=SETTINGS, ranker=loader.load(SETTINGS))
    refused: Refused | None = None
    for ranker in dict.fromkeys([*reversed(turns[-2:]), SETTINGS]):
        try:
            return FirstRanker(id=ranker, ranker=loader.load(ranker), refused=refused)
        except REFUSALS as refusal:
            refused = refused or Refused(ranker=ranker, reason=refusal.reason)
            structlog.get_logger().warning(
                "ranker refused", ranker=ranker, reason=refusal.reason, detail=str(refusal)
            )
    try:
        shipped = loader.shipped()
    except REFUSALS:
        shipped = RetrievalOrder()
    return FirstRanker(id="", ranker=shipped, refused=refused)
