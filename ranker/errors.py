"""What can go wrong in ranking.

    RankingError
    └── ModelRefused     a ranker directory is not what it says: hash, schema, or a file that does not parse
"""

from __future__ import annotations


class RankingError(Exception):
    """Ranking cannot be done; ``reason`` is stable and UPPER_SNAKE_CASE."""

    def __init__(self, message: str, *, reason: str = "RANKING_FAILED") -> None:
        super().__init__(message)
        self.reason = reason


class ModelRefused(RankingError):
    """A ranker directory that must not be loaded."""
