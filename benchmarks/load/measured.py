"""What one round of load measured, request by request, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something about a round that who reads its figures must know.

    Attributes:
        name: Stable: `RATE_NOT_REACHED`, `MACHINE_BUSY`, `CLOCK_JUMPED`, `SERVER_GONE`, ...
        invalid: Whether the round's figures must not be averaged in.
        text: One English sentence with the numbers.
    """

    name: str
    invalid: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When to ask what: n arrivals.

    Attributes:
        due_seconds: float64 (n,), rising, from the round's start. In a closed loop all are 0.
        places: int32 (n,), which question of the workload.
        callers: 0 for an open loop; in a closed loop, how many callers ask in turn.
        timeout_seconds: Time of each request.
    """

    due_seconds: Float64Array
    places: Int32Array
    callers: int = 0
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one group of processes took during a round."""

    cpu_seconds: float
    resident_mb: float
    """At the end of the round, 10^6 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRound:
    """n requests of one round.

    Attributes:
        plan: What was to be asked. In a closed loop its first n arrivals were.
        sent_seconds: float64 (n,), when each was handed to the connection, on the clock of
            ``due_seconds``.
        done_seconds: float64 (n,), when its outcome came; NaN where none did.
        statuses: n names; `UNANSWERED` where no outcome came before the round was given up.
        replies: n replies as they came.
        started_at: Seconds since 1970, of the round's start.
        used: By name of a group of processes (`server`, `engine`, `client`).
        marks: In the order they were found.
    """

    plan: Plan
    sent_seconds: Float64Array
    done_seconds: Float64Array
    statuses: tuple[str, ...]
    replies: tuple[bytes, ...]
    started_at: float
    used: Mapping[str, Used] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    @property
    def due_seconds(self) -> Float64Array:
        """When each was due: in a closed loop, when it was sent."""
        if self.plan.callers:
            return self.sent_seconds
        return self.plan.due_seconds[: len(self.sent_seconds)]

    @property
    def latency_seconds(self) -> Float64Array:
        """From when each was due to its outcome, so that a stall is not hidden."""
        return self.done_seconds - self.due_seconds

    @property
    def valid(self) -> bool:
        """Whether its figures may be averaged in."""
        return not any(mark.invalid for mark in self.marks)
