"""What can go wrong in ranking.

RankingError
└── ModelRefused     a directory that is not what it says: hash, schema, or a broken file
"""

from __future__ import annotations


class RankingError(Exception):
    """Ranking cannot be done; ``reason`` is stable and UPPER_SNAKE_CASE."""

    def __init__(self, message: str, *, reason: str = "RANKING_FAILED") -> None:
        super().__init__(message)
        self.reason = reason


class ModelRefused(RankingError):
    """A ranker directory that must not be loaded.

    Reasons: RANKER_NOT_FOUND, RANKER_HASH, RANKER_SCHEMA, RANKER_UNPARSABLE.
    """
