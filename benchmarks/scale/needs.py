"""What a size takes of memory, disk and time, so that one that does not fit is refused beforehand.

The rates were measured on two cores with 384-wide vectors; time also depends on the machine, so it
is only held against a limit that is meant to be generous.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from server.errors import InvalidRequest, Violation

_MILLION: Final = 1_000_000
_HELD_BACK_MB: Final = 1_000.0
"""Left to the rest of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a vector costs an engine.

    Attributes:
        copies: Memory at its peak, in times of the vector's own float32 bytes.
        disk_copies: Disk, the same.
        seconds_a_million: To build a million vectors of 384 numbers on two cores.
        grows_with_log: Whether a vector costs more the more there are.
    """

    copies: float
    disk_copies: float
    seconds_a_million: float
    grows_with_log: bool = False


COSTS: Final[Mapping[str, Cost]] = {
    "exact": Cost(copies=1.1, disk_copies=1.0, seconds_a_million=20),
    "lite-flat": Cost(copies=3.0, disk_copies=1.5, seconds_a_million=240),
    "lite-ivf": Cost(copies=4.0, disk_copies=1.5, seconds_a_million=300),
    "milvus-hnsw": Cost(copies=4.0, disk_copies=5.0, seconds_a_million=780, grows_with_log=True),
    "milvus-ivf": Cost(copies=4.0, disk_copies=5.0, seconds_a_million=300),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What building and measuring one size takes, in 10^6 bytes and seconds."""

    engine: str
    products: int
    memory_mb: float
    disk_mb: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What there is, in 10^6 bytes and seconds."""

    memory_mb: float
    disk_mb: float
    seconds: float


def need(engine: str, products: int, *, dimension: int) -> Need:
    """What one size of an engine takes.

    >>> round(need("exact", 1_000_000, dimension=384).memory_mb)
    1690
    """
    cost = COSTS[engine]
    own_mb = products * dimension * 4 / 1e6
    share = products / _MILLION * dimension / 384
    if cost.grows_with_log and products > 1:
        share *= math.log(products) / math.log(_MILLION)
    return Need(
        engine=engine,
        products=products,
        memory_mb=cost.copies * own_mb,
        disk_mb=cost.disk_copies * own_mb,
        seconds=cost.seconds_a_million * share,
    )


def refuse_what_does_not_fit(needs: Iterable[Need], room: Room) -> None:
    """Refuse sizes before anything is built; all of them at once.

    An engine's sizes stand in memory at one time, another engine's do not; disk is for all. Time is
    that of one size alone.

    Raises:
        InvalidRequest: with every size that does not fit, what it takes and what there is.
    """
    violations = []
    disk = 0.0
    standing: dict[str, float] = {}
    for each in needs:
        standing[each.engine] = memory = standing.get(each.engine, 0.0) + each.memory_mb
        disk += each.disk_mb
        for what, takes, there, unit in (
            ("memory", memory, room.memory_mb - _HELD_BACK_MB, "MB"),
            ("disk", disk, room.disk_mb - _HELD_BACK_MB, "MB"),
            ("time", each.seconds, room.seconds, "s"),
        ):
            if takes > there:
                violations.append(_violation(each, what, takes=takes, there=there, unit=unit))
    if violations:
        raise InvalidRequest(violations)


def _violation(each: Need, what: str, *, takes: float, there: float, unit: str) -> Violation:
    remedy = "allow more with --minutes" if what == "time" else "take smaller --sizes"
    return Violation(
        field="--sizes",
        reason="SIZE_DOES_NOT_FIT",
        description=(
            f"{each.engine} at {each.products:,} products takes about {takes:,.0f} {unit} of"
            f" {what}, and there are {max(0.0, there):,.0f}; {remedy} or fewer --engines"
        ),
    )
