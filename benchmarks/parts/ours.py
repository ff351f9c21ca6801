"""Our own servers as systems under load: one process, and a process for each core."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from benchmarks.load.interleaving import Bench
from benchmarks.load.processes import cores
from benchmarks.load.systems import System, omnishelf
from benchmarks.parts.found import Found
from benchmarks.parts.shop import IndexedShop
from benchmarks.served import served
from server.errors import OmnishelfError

OURS: Final = "omnishelf"
WORKERS: Final = "omnishelf, a worker a core"


def add_ours(bench: Bench, shop: IndexedShop, *, copy: str, stack: ExitStack) -> System:
    """Serve a copy of the shop by one process until the stack is closed."""
    server = stack.enter_context(served(shop.copy(copy)))
    system = omnishelf(OURS, server.address, pid=server.pid)
    bench.add(system)
    return system


def add_workers(
    bench: Bench, shop: IndexedShop, *, copy: str, stack: ExitStack, found: Found
) -> tuple[str, ...]:
    """Serve another copy by a process a core; its name, none where there is but one core.

    A group that does not start is no failure of what is measured without it: why stands in
    ``found``.
    """
    if cores() < 2:
        return ()
    try:
        group = stack.enter_context(served(shop.copy(copy), flags=("--workers", str(cores()))))
    except OmnishelfError as error:
        found.raw["workers"] = error.message
        return ()
    bench.add(omnishelf(WORKERS, group.address, pid=group.pid, connections=4 * cores()))
    return (WORKERS,)
