"""Looks, before anything is measured, whether others use the machine."""

from __future__ import annotations

import time

from benchmarks.load.marks import busy_mark
from benchmarks.load.measured import Mark
from benchmarks.load.processes import Watch, cores, moment, others_between

LOOK_SECONDS = 1.0


def look(watch: Watch) -> Mark | None:
    """Watch the machine for a second, with nothing of ours at work."""
    before = moment(watch)
    time.sleep(LOOK_SECONDS)
    after = moment(watch)
    return busy_mark(
        others_cpu_seconds=others_between(before, after),
        seconds=after.at - before.at,
        cores=cores(),
    )
