"""What processes take: CPU seconds and memory by group, and what all others take meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath

import psutil

from benchmarks.load.measured import Used

ENGINE = "engine"
TRITON = "triton"
_APART = (("tritonserver", TRITON), ("milvus", ENGINE))
"""Words in a child's command that put it, and its children, into a group of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Which processes a round looks after.

    Attributes:
        groups: By name (`server`, ...): ids of processes; their children belong to them, but an
            engine's and Triton's are counted apart, as `engine` and `triton`. Nothing for a system
            that runs elsewhere.
        ours: Ids of further processes whose work, and whose children's, is no disturbance: the
            other systems of the same run.
    """

    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ours: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What every process of ours, and the machine, had taken at one moment.

    Attributes:
        at: Seconds of the monotonic clock.
        group_of: Group by process id; "" for ours that are not told apart.
        cpu: CPU seconds by process id.
        machine: CPU seconds of all processes together, and what a hypervisor stole.
    """

    at: float
    group_of: Mapping[int, str]
    cpu: Mapping[int, float]
    machine: float


def moment(watch: Watch) -> Moment:
    """Read what was taken until now."""
    group_of = dict(_members(watch))
    cpu = {}
    for pid in group_of:
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            cpu[pid] = times.user + times.system
    return Moment(
        at=time.perf_counter(), group_of=group_of, cpu=cpu, machine=_machine_cpu_seconds()
    )


def used_between(before: Moment, after: Moment) -> dict[str, Used]:
    """CPU seconds by group; memory is that of now."""
    cpu: dict[str, float] = {}
    resident: dict[str, float] = {}
    for pid, group in after.group_of.items():
        if not group:
            continue
        cpu[group] = cpu.get(group, 0.0) + after.cpu.get(pid, 0.0) - before.cpu.get(pid, 0.0)
        with suppress(psutil.Error):
            memory = psutil.Process(pid).memory_info().rss / 1e6
            resident[group] = resident.get(group, 0.0) + memory
    return {
        group: Used(cpu_seconds=max(0.0, cpu[group]), resident_mb=resident.get(group, 0.0))
        for group in sorted(cpu)
    }


def others_between(before: Moment, after: Moment) -> float:
    """CPU seconds that were taken by processes that are not ours, 0 or more."""
    ours = sum(after.cpu[pid] - before.cpu.get(pid, 0.0) for pid in after.cpu)
    return max(0.0, after.machine - before.machine - ours)


def resident_by_group(pid: int, *, group: str) -> dict[str, float]:
    """Resident memory of a process and its children in 10^6 bytes; engines and Triton apart."""
    resident = {group: 0.0}
    for member, found in _members(Watch(groups={group: (pid,)})):
        if found:
            with suppress(psutil.Error):
                memory = psutil.Process(member).memory_info().rss / 1e6
                resident[found] = resident.get(found, 0.0) + memory
    return resident


def ended(watch: Watch) -> list[int]:
    """Ids of watched processes that run no more."""
    return [pid for pids in watch.groups.values() for pid in pids if not _runs(pid)]


def cores() -> int:
    """How many cores this process may use."""
    return len(_own_cores())


def listeners(address: str) -> tuple[int, ...]:
    """Processes of this machine that listen at ``HOST:PORT``, as far as it can be told."""
    port = int(address.rpartition(":")[2])
    try:
        found = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return ()
    pids = {
        each.pid
        for each in found
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port and each.pid
    }
    return tuple(sorted(pids))


def server_at(address: str) -> int | None:
    """The process that serves ``HOST:PORT``; of workers that share a port, the one they are of."""
    pids = listeners(address)
    if len(pids) < 2:
        return pids[0] if pids else None
    parents = set()
    for pid in pids:
        with suppress(psutil.Error):
            parents.add(psutil.Process(pid).ppid())
    # Workers have one parent; two servers that share a port by chance have not.
    return parents.pop() if len(parents) == 1 and not parents & {1, os.getpid()} else pids[0]


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _members(watch: Watch) -> Iterator[tuple[int, str]]:
    """Every process of ours with its group; those watched outweigh those that are ours only."""
    grouped: dict[int, str] = {}
    for pid in (os.getpid(), *watch.ours):
        grouped |= dict.fromkeys(_tree(pid), "")
    for group, pids in watch.groups.items():
        for pid in pids:
            for member in _tree(pid):
                grouped[member] = _group(member, root=pid, group=group)
    yield from grouped.items()


def _tree(pid: int) -> list[int]:
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.Error:
        return []


def _group(pid: int, *, root: int, group: str) -> str:
    """The group of a process of a tree: that of its nearest ancestor that stands apart."""
    try:
        process = psutil.Process(pid)
        while process.pid != root:
            command = " ".join([PurePath(process.exe()).name, *process.cmdline()[:1]])
            for word, apart in _APART:
                if word in command:
                    return apart
            parent = process.parent()
            if parent is None:
                break
            process = parent
    except psutil.Error:
        pass  # it ended, or is not ours to read
    return group


def _machine_cpu_seconds() -> float:
    """Of the cores that we may use; interrupts are left out: those of our own calls are ours."""
    every = psutil.cpu_times(percpu=True)
    total = 0.0
    for core in _own_cores():
        if core < len(every):
            times = every[core]
            total += times.user + times.system + getattr(times, "nice", 0.0)
            total += getattr(times, "steal", 0.0)
    return total


def _own_cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
