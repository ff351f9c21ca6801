"""Orders that are relevant and varied."""

from ranker.diversify.limits import Cap
from ranker.diversify.order import Method, diversified, mmr

__all__ = ["Cap", "Method", "diversified", "mmr"]
