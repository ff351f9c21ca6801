"""What makes a round's figures doubtful: pure judgements of what was measured, as marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.load.measured import Float64Array, Mark

RATE_NOT_REACHED: Final = "RATE_NOT_REACHED"
MACHINE_BUSY: Final = "MACHINE_BUSY"
CLOCK_JUMPED: Final = "CLOCK_JUMPED"
SERVER_GONE: Final = "SERVER_GONE"

LAG_SECONDS: Final = 0.005
"""How late the client may send, unless half a mean gap is more."""
IN_TIME_SHARE: Final = 0.99
BUSY_SHARE: Final = 0.10
"""Of the cores, that processes which are not ours may take."""
JUMP_SECONDS: Final = 0.050
DRIFT_SHARE: Final = 0.001
"""By which the wall clock may run faster or slower than the monotonic one: twice what a time
service's slewing does (500 parts in a million)."""
STANDSTILL_SECONDS: Final = 1.0


def schedule_mark(due_seconds: Float64Array, sent_seconds: Float64Array) -> Mark | None:
    """Whether the client itself kept its schedule.

    Args:
        due_seconds: float64 (m,), when the whole plan was due.
        sent_seconds: float64 (n,), when the first n <= m were sent.
    """
    planned, sent = due_seconds.size, sent_seconds.size
    if planned == 0:
        return None
    gap = float(due_seconds[-1] - due_seconds[0]) / (planned - 1) if planned > 1 else 0.0
    limit = max(LAG_SECONDS, gap / 2)
    lags = np.sort(sent_seconds - due_seconds[:sent])
    late = float(lags[int(np.ceil(0.99 * sent)) - 1]) if sent else float("inf")
    in_time = int((sent_seconds <= due_seconds[-1] + limit).sum())
    if late <= limit and in_time >= IN_TIME_SHARE * planned:
        return None
    rate = 1 / gap if gap > 0 else float(planned)
    return Mark(
        name=RATE_NOT_REACHED,
        invalid=True,
        text=(
            f"The client did not keep its own schedule of {rate:,.1f} requests a second: it sent "
            f"{in_time:,} of {planned:,} in time, and 1 % later than {late * 1000:,.1f} ms "
            f"(limit {limit * 1000:.1f} ms); ask for a lower rate, or use more cores."
        ),
    )


def busy_mark(*, others_cpu_seconds: float, seconds: float, cores: int) -> Mark | None:
    """Whether processes that are not ours, or the hypervisor, took the cores from us."""
    share = others_cpu_seconds / (seconds * cores) if seconds > 0 else 0.0
    if share <= BUSY_SHARE:
        return None
    return Mark(
        name=MACHINE_BUSY,
        invalid=False,
        text=(
            f"Other processes took {share:.0%} of {cores} cores over {seconds:.1f} s "
            f"(limit {BUSY_SHARE:.0%}); measure on a quiet machine."
        ),
    )


def clock_mark(
    *, wall_seconds: float, steady_seconds: float, standstill_seconds: float
) -> Mark | None:
    """Whether the clocks disagree about a round, or its process stood still."""
    apart = wall_seconds - steady_seconds
    if abs(apart) > JUMP_SECONDS + DRIFT_SHARE * steady_seconds:
        text = (
            f"The wall clock moved {apart * 1000:+,.0f} ms against the monotonic clock during the "
            "round: it was set, or the machine slept; run it again."
        )
    elif standstill_seconds > STANDSTILL_SECONDS:
        text = (
            f"The client stood still for {standstill_seconds:.1f} s: it was suspended, or the "
            "machine was; run it again."
        )
    else:
        return None
    return Mark(name=CLOCK_JUMPED, invalid=True, text=text)


def gone_mark(*, gone: bool, ended: Sequence[int], sent: int, planned: int) -> Mark | None:
    """Whether the server went away; ``ended`` are the ids of its processes that did."""
    if not gone and not ended:
        return None
    what = (
        f"process {', '.join(map(str, ended))} of the server ended"
        if ended
        else "nothing listens at its address any more"
    )
    return Mark(
        name=SERVER_GONE,
        invalid=True,
        text=f"The server went away after {sent:,} of {planned:,} requests: {what}; its log says "
        "why.",
    )
