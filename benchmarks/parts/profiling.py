"""Samples a server that runs in this process: where requests spend their time, by function."""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from benchmarks.load.arrivals import in_turn
from benchmarks.load.generator import Generator
from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.parts.stage_lines import OTHER, StageMap, stack_of
from benchmarks.workloads.workload import Workload
from server.app import App

_ROOT = Path(__file__).parents[2]
_EVERY_SECONDS = 0.001
_HANDLER = ("server/rpc/interceptors.py", "server/rpc/search.py")
"""Files of which a stack has a frame while a call of ours is worked on."""
_PARTS = ("onnxruntime", "tokenizers", "pymilvus", "grpc", "lightgbm")
"""Libraries whose time is a bare part's, not time over the parts."""
_STAGE_OF_PART = {"encode", "retrieve", "rank"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Time of one function, itself, in one stage.

    Attributes:
        stage: As replies name them, `other` outside of all.
        function: ``file:function`` of ours, or of a library ``library:function``.
        bare: Whether a bare part does the same: a tower's run, a search's wait, the trees.
        milliseconds: A request.
    """

    stage: str
    function: str
    bare: bool
    milliseconds: float


@dataclass(slots=True)
class _Seen:
    samples: int = 0
    functions: Counter[tuple[str, str, bool]] = field(default_factory=Counter)


def profiled(app: App, workload: Workload, *, seconds: float) -> tuple[list[Spent], float]:
    """Ask one request after the other from another process, and look every millisecond.

    Returns:
        What functions took, most first, and the milliseconds of a request as its caller saw it.
    """
    address = app.start()
    plan = in_turn(1, seconds=seconds, questions=len(workload.questions))
    requests = [question.request for question in workload.questions]
    with Generator(GrpcTarget(name="profiled", address=address)) as generator:
        warm = in_turn(1, seconds=1.0, questions=len(requests))
        generator.round(warm, requests, seconds=1.0, keep_replies=False)
        with _sampling() as seen:
            measured = generator.round(plan, requests, seconds=seconds, keep_replies=False)
    mean_ms = float(measured.latency_seconds.mean()) * 1e3
    # Each look at a busy handler stands for the time between two looks, which is what passed in
    # all over the looks taken; the interpreter may let the looker in late.
    whole_ms = float(measured.done_seconds.max()) * 1e3
    each_ms = whole_ms / max(1, seen.samples) / measured.latency_seconds.size
    spent = [
        Spent(stage=stage, function=function, bare=bare, milliseconds=count * each_ms)
        for (stage, function, bare), count in seen.functions.most_common()
    ]
    return spent, mean_ms


def by_stage(spent: list[Spent]) -> dict[str, tuple[float, float]]:
    """Of each stage the milliseconds in bare parts and over them."""
    stages: dict[str, tuple[float, float]] = {}
    for each in spent:
        bare, over = stages.get(each.stage, (0.0, 0.0))
        if each.bare:
            stages[each.stage] = (bare + each.milliseconds, over)
        else:
            stages[each.stage] = (bare, over + each.milliseconds)
    return stages


@contextmanager
def _sampling() -> Iterator[_Seen]:
    """Look at all threads until the block ends."""
    seen, stop = _Seen(), threading.Event()
    stages = StageMap(_ROOT)

    def look() -> None:
        own = threading.get_ident()
        while not stop.wait(_EVERY_SECONDS):
            seen.samples += 1
            for thread, frame in sys._current_frames().items():  # noqa: SLF001 - its one door
                if thread != own:
                    _count(seen, frame, stages)

    looker = threading.Thread(target=look, daemon=True, name="profile")
    looker.start()
    try:
        yield seen
    finally:
        stop.set()
        looker.join()


def _count(seen: _Seen, frame: FrameType, stages: StageMap) -> None:
    stack = stack_of(frame)
    handlers = [
        place for place, each in enumerate(stack) if each.f_code.co_filename.endswith(_HANDLER)
    ]
    if not handlers:
        return
    # What called the handler is gRPC's server, which is no part of any stage.
    inside = stack[: handlers[-1] + 1]
    stage = stages.stage(inside)
    libraries = [_library(each.f_code.co_filename) for each in inside]
    bare = stage in _STAGE_OF_PART and not set(libraries).isdisjoint(_PARTS)
    seen.functions[stage, _named(inside, libraries), bare] += 1


def _named(stack: list[FrameType], libraries: list[str]) -> str:
    """The innermost function of ours, and the library that it is in where that is not it."""
    place = libraries.index("")
    code = stack[place].f_code
    name = f"{Path(code.co_filename).relative_to(_ROOT).as_posix()}:{code.co_qualname}"
    return f"{name} in {libraries[0]}" if place else name


def _library(file: str) -> str:
    """The package of a file that is not of this repository; "" of one that is."""
    packages = sysconfig.get_paths()["purelib"]
    if file.startswith(packages):
        return Path(file).relative_to(packages).parts[0]
    return "" if file.startswith(str(_ROOT)) else "python"


__all__ = ["OTHER", "Spent", "by_stage", "profiled"]
