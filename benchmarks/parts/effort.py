"""How long `bench parts` measures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure.

    Attributes:
        rounds: Of everything.
        queries: Timed one by one.
        seconds: Of a round of load.
        ingested: Products that are written a round; None for all.
        rate_rounds: Of each rate of the peers' sweep; odd.
        limit_ms: The p99 within which highest rates are compared.
        starts: How often a server is started; 0 leaves that out.
    """

    rounds: int
    queries: int
    seconds: float
    ingested: int | None
    rate_rounds: int
    limit_ms: float
    starts: int
