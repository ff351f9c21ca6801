"""How many a second the machine does of each bare part alone, with a process for each core."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from benchmarks.parts.bare import BareSearch, BareTexts, Floats, Words, open_booster
from benchmarks.parts.times import Job
from server.errors import Unavailable

_START_SECONDS = 120.0
_SEARCHERS = 2
"""Threads of a process that search: while one reads its hits, the engine searches for the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BareJobs:
    """What a process does, pickled into it: one job for each of n queries.

    ``milvus`` is the address of an engine that runs.
    """

    bundle: Path
    ranker: Path
    milvus: str
    collection: str
    limit: int
    texts: Sequence[str]
    vectors: Sequence[Floats]
    words: Sequence[Words]
    matrices: Sequence[Floats]


class Capacity:
    """Processes that do bare parts in a closed loop when told."""

    def __init__(self, pipes: Sequence[Pipe]) -> None:
        self._pipes = pipes

    def a_second(self, part: str, *, seconds: float) -> float:
        """Jobs of ``encode``, ``search`` or ``predict`` a second, all processes together.

        Raises:
            Unavailable: a process ended.
        """
        try:
            for pipe in self._pipes:
                pipe.send((part, seconds))
            return sum(float(pipe.recv()) for pipe in self._pipes)
        except (EOFError, OSError):
            message = "a process that does bare parts ended; what it wrote says why"
            raise Unavailable(message, reason="PART_ENDED") from None


@contextmanager
def capacity(jobs: BareJobs, *, processes: int) -> Iterator[Capacity]:
    """Start the processes, and end them with the block.

    Raises:
        Unavailable: one did not start.
    """
    context = multiprocessing.get_context("spawn")  # never a fork after gRPC was imported
    with ExitStack() as stack:
        pipes = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, jobs), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.join, 10)
            stack.callback(ours.close)
            pipes.append(ours)
        for pipe in pipes:
            _wait(pipe)
        yield Capacity(pipes)


def _wait(pipe: Pipe) -> None:
    try:
        if pipe.poll(_START_SECONDS):
            pipe.recv()
            return
    except EOFError:
        pass  # it ended
    message = "the bare parts did not start; what they wrote says why"
    raise Unavailable(message, reason="PART_ENDED")


def _work(pipe: Pipe, jobs: BareJobs) -> None:
    from pymilvus import MilvusClient  # noqa: PLC0415 - only here, where it is used

    texts, booster = BareTexts.open(jobs.bundle), open_booster(jobs.ranker)
    client = MilvusClient(jobs.milvus)
    search = BareSearch(client=client, collection=jobs.collection, limit=jobs.limit)
    count = len(jobs.texts)
    if booster is None:
        raise FileNotFoundError(f"there is no model in {jobs.ranker}")
    ways: Mapping[str, tuple[Job, int]] = {
        "encode": (lambda n: texts.encode(jobs.texts[n % count]), 1),
        "search": (
            lambda n: search.views(jobs.vectors[n % count], jobs.words[n % count]),
            _SEARCHERS,
        ),
        "predict": (lambda n: booster.predict(jobs.matrices[n % count], num_threads=1), 1),
    }
    pipe.send("ready")
    while True:
        try:
            part, seconds = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            client.close()
            return
        way, threads = ways[part]
        pipe.send(rate_of(way, threads=threads, seconds=seconds))


def rate_of(job: Callable[[int], object], *, threads: int, seconds: float) -> float:
    """Jobs a second that so many threads of this process finish, each after the other."""
    done = [0] * threads
    started = time.perf_counter()

    def run(place: int) -> None:
        number = place
        while time.perf_counter() - started < seconds:
            job(number)
            number += threads
            done[place] += 1

    others = [
        threading.Thread(target=run, args=(place,), daemon=True) for place in range(1, threads)
    ]
    for thread in others:
        thread.start()
    run(0)
    for thread in others:
        thread.join()
    return sum(done) / (time.perf_counter() - started)
