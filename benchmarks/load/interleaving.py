"""Runs rounds of several systems in turn, so that a slow spell of the machine slows all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from benchmarks.load.generator import Generator
from benchmarks.load.measured import Mark, MeasuredRound, Plan
from benchmarks.load.processes import Watch
from benchmarks.load.summary import Judge, summarise
from benchmarks.load.systems import System
from benchmarks.results.values import RoundResult, SystemResult
from benchmarks.workloads.workload import Workload
from server.errors import OmnishelfError


def turns(names: Sequence[str], *, rounds: int) -> Iterator[tuple[int, str]]:
    """Rounds and whose turn it is, the order turned round each time.

    >>> list(turns(["a", "b"], rounds=2))
    [(0, 'a'), (0, 'b'), (1, 'b'), (1, 'a')]
    """
    for number in range(rounds):
        for name in reversed(names) if number % 2 else names:
            yield number, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Interleaved:
    """What the rounds gave; ``failure`` is why they ended early, None where they did not."""

    systems: tuple[SystemResult, ...]
    failure: OmnishelfError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How rounds are run.

    Attributes:
        plan: The plan of a round by its number; all systems have the same.
        count: How many of each system.
        rate: What was asked for, where that is a number; for tables.
        seconds: How long each is; when a closed loop stops.
        judge: Judges the replies of Omnishelf servers.
        marks: By system's name, marks to put on its first round.
    """

    plan: Callable[[int], Plan]
    count: int
    rate: float | None = None
    seconds: float | None = None
    judge: Judge | None = None
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)


class Bench:
    """Systems with a connected load generator each, as a context."""

    def __init__(self) -> None:
        self._generators: dict[str, Generator] = {}
        self.systems: dict[str, System] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, system: System) -> None:
        """Connect to one more.

        Raises:
            OmnishelfError: nothing answers there.
        """
        self._generators[system.name] = self._stack.enter_context(Generator(system.target))
        self.systems[system.name] = system

    def drop(self, name: str) -> None:
        """Take one out of the rounds and disconnect, before it ends itself."""
        del self.systems[name]
        self._generators.pop(name).__exit__(None, None, None)

    def round(
        self, name: str, workload: Workload, *, plan: Plan, seconds: float | None = None,
        keep_replies: bool = True,
    ) -> MeasuredRound:  # fmt: skip
        """One round of one system, the others idle."""
        others = [
            pid for each in self.systems.values() for pids in each.groups().values() for pid in pids
        ]
        system = self.systems[name]
        return self._generators[name].round(
            plan,
            system.on_wire(workload),
            watch=Watch(groups=system.groups(), ours=tuple(others)),
            seconds=seconds,
            keep_replies=keep_replies,
        )

    def run(
        self,
        rounds: Rounds,
        workload: Workload,
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Interleaved:
        """All rounds of all systems; a server that is gone and does not come back ends them."""
        found: dict[str, list[RoundResult]] = {name: [] for name in self.systems}
        failure: OmnishelfError | None = None
        for done, (number, name) in enumerate(turns(list(found), rounds=rounds.count)):
            progress(done)
            try:
                measured = self.round(
                    name, workload, plan=rounds.plan(number), seconds=rounds.seconds
                )
            except OmnishelfError as error:
                failure = error
                break
            if not found[name]:
                first = (*rounds.marks.get(name, ()), *measured.marks)
                measured = replace(measured, marks=first)
            system = self.systems[name]
            judge = rounds.judge if system.address else None
            found[name].append(
                summarise(
                    measured,
                    workload,
                    judge,
                    tell=system.tell,
                    rate=rounds.rate,
                    seconds=rounds.seconds,
                )
            )
        return Interleaved(
            systems=tuple(
                SystemResult(name=name, about=self.systems[name].about, rounds=tuple(each))
                for name, each in found.items()
            ),
            failure=failure,
        )
