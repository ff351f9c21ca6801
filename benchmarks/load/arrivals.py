"""When requests are due: at a constant rate, at random as shoppers come, or as recorded."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.load.measured import Float64Array, Plan
from server.errors import InvalidRequest, Violation

FASTEST_CLOSED: Final = 50_000
"""Answers a second that no closed loop of one client process reaches."""


def constant(rate: float, *, seconds: float) -> Float64Array:
    """Evenly spaced, the first at 0: float64 (n,), n about ``rate`` x ``seconds``, at least 1.

    >>> constant(4.0, seconds=1.0).tolist()
    [0.0, 0.25, 0.5, 0.75]
    """
    _refuse_not_above_zero(rate=rate, seconds=seconds)
    return np.arange(max(1, round(rate * seconds)), dtype=np.float64) / rate


def poisson(rate: float, *, seconds: float, seed: int) -> Float64Array:
    """A Poisson process: gaps are exponential with mean 1 / ``rate``; at least one arrival.

    The number is random too (its variance is its mean); the same seed gives the same arrivals.
    """
    _refuse_not_above_zero(rate=rate, seconds=seconds)
    random = np.random.default_rng(seed)
    mean = rate * seconds
    due: Float64Array = np.cumsum(
        random.exponential(1 / rate, size=int(mean + 10 * mean**0.5 + 10))
    )
    return due[: max(1, int(np.searchsorted(due, seconds)))]


def replayed(
    recorded: npt.ArrayLike, *, speed: float = 1.0, seconds: float | None = None
) -> Float64Array:
    """As recorded, ``speed`` times as fast, the first at 0.

    With ``seconds`` the recording is cut there, or begun again, one mean gap after its end, until
    they are filled.

    Raises:
        InvalidRequest: the recording is empty, falls, or is no number; or ``speed`` is not above 0.

    >>> replayed([10.0, 11.0, 14.0], speed=2.0).tolist()
    [0.0, 0.5, 2.0]
    >>> replayed([0.0, 1.0], seconds=4.0).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    _refuse_not_above_zero(speed=speed)
    times = np.asarray(recorded, dtype=np.float64)
    if times.size == 0 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise InvalidRequest(
            [
                Violation(
                    field="due_seconds",
                    reason="RECORDING_INVALID",
                    description="a recording needs a time for every request, and times that rise; "
                    "record one with `omnishelf serve --record FILE`, or ask for --arrivals "
                    "constant",
                )
            ]
        )
    due: Float64Array = (times - times[0]) / speed
    if seconds is None:
        return due
    _refuse_not_above_zero(seconds=seconds)
    span = due[-1] + (due[-1] / (due.size - 1) if due.size > 1 and due[-1] > 0 else seconds)
    again = np.arange(int(np.ceil(seconds / span)), dtype=np.float64)
    whole: Float64Array = (again[:, None] * span + due[None, :]).ravel()
    return whole[whole < seconds]


def in_order(
    due_seconds: Float64Array, *, questions: int, first: int = 0, timeout_seconds: float = 10.0
) -> Plan:
    """A plan that asks the workload's questions in their order from ``first`` on, in a circle."""
    places = (first + np.arange(due_seconds.size)) % questions
    return Plan(
        due_seconds=due_seconds,
        places=places.astype(np.int32),
        timeout_seconds=timeout_seconds,
    )


def in_turn(
    callers: int,
    *,
    seconds: float,
    questions: int,
    first: int = 0,
    timeout_seconds: float = 10.0,
) -> Plan:
    """A closed loop: ``callers`` ask the questions in a circle, more than ``seconds`` suffice for.

    Raises:
        InvalidRequest: there are no callers, or no time.
    """
    _refuse_not_above_zero(callers=callers, seconds=seconds)
    count = int(seconds * FASTEST_CLOSED) + callers
    places = (first + np.arange(count)) % questions
    return Plan(
        due_seconds=np.zeros(count),
        places=places.astype(np.int32),
        callers=callers,
        timeout_seconds=timeout_seconds,
    )


def _refuse_not_above_zero(**values: float) -> None:
    violations = [
        Violation(
            field=name,
            reason="NOT_ABOVE_ZERO",
            description=f"{value:g} is no number above 0; give one",
        )
        for name, value in values.items()
        if not 0 < value < float("inf")
    ]
    if violations:
        raise InvalidRequest(violations)
