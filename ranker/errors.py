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
    """A version of a ranker that must not be loaded.

    Reasons:
        RANKER_NOT_FOUND: a file is missing, or is no plain file.
        RANKER_LINK: a file is a link that leaves the directory.
        RANKER_TOO_LARGE: a file is larger than its limit.
        RANKER_PICKLE: the model is a pickle, which could run code as it is read; it is not read.
        RANKER_HASH: a file is not the one its manifest describes.
        RANKER_SCHEMA: it was trained on other features than this release computes.
        RANKER_NOT_FINITE: it gives scores that are no finite numbers.
        RANKER_UNPARSABLE: a file does not parse, or the model scores its sample otherwise than when
            it was saved.
    """
