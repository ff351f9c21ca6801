"""`omnishelf bench run`: rounds of load on a server, beside an empty echo and other systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

import typer

from benchmarks.commands import options
from benchmarks.commands.outcome import Wanted, all_invalid, busy, deliver, result_of
from benchmarks.commands.source import OURS, Asked, Prepared, Systems, prepared
from benchmarks.commands.spread import spread
from benchmarks.load.echo import Echo, echo
from benchmarks.load.interleaving import Bench, Interleaved, Rounds
from benchmarks.load.measured import Mark
from benchmarks.load.plans import Arrivals, Pace, plans
from benchmarks.load.processes import Watch
from benchmarks.load.quiet import look
from benchmarks.load.systems import empty_echo
from benchmarks.load.target import OK
from benchmarks.results.intervals import paired_ratio
from benchmarks.results.measures import ECHO, MEASURES
from benchmarks.results.values import BenchResult, Quality, SystemResult
from benchmarks.workloads.workload import Workload
from server.commands.progress import progress_bar
from server.errors import OmnishelfError, Unavailable

_ECHO_WARM_UP_SECONDS = 1.0
_WHERE = frozenset({"server", "output", "page", "markdown", "json", "refuse_busy"})
_OPEN_LOOP = frozenset({"rate", "arrivals", "speed"})


@spread
def run(
    context: typer.Context,
    *,
    asked: Asked,
    rate: Annotated[float, typer.Option(min=0.001, help="Requests due a second.")] = 20.0,
    arrivals: options.ArrivalsKind = Arrivals.POISSON,
    speed: Annotated[
        float, typer.Option(min=0.001, help="How many times as fast as recorded.")
    ] = 1.0,
    closed: Annotated[
        int, typer.Option(min=0, metavar="CALLERS", help="Closed loop: each asks when answered.")
    ] = 0,
    seconds: options.Seconds = 10.0,
    rounds: Annotated[int, typer.Option(min=1, help="How many of each system.")] = 5,
    warm_up: options.WarmUp = 5.0,
    timeout: options.Timeout = 10.0,
    systems: Systems,
    seed: options.Seed = 2026,
    refuse_busy: options.RefuseBusy = False,
    wanted: Wanted,
) -> None:
    """Measure a server's latency at a rate, each request from when it was due.

    Rounds of all systems take turns. Leaves with 1 where a server went away and did not come back,
    where no round of a system is valid, or where --refuse-busy finds others at work; what was
    measured is written first.
    """
    pace = Pace(
        arrivals=arrivals, rate=rate, speed=speed, callers=closed, seconds=seconds,
        timeout_seconds=timeout, seed=seed,
    )  # fmt: skip
    with prepared(asked, systems, seed=seed) as ready:
        disturbed = look(all_of(ready.bench))
        if disturbed and refuse_busy:
            raise Unavailable(disturbed.text, reason=disturbed.name)
        found = measure(ready, pace, count=rounds, warm_up=warm_up, disturbed=disturbed)
        result = result_of(
            "run",
            arguments=given_of(context.params, pace),
            workload=ready.workload,
            products=ready.products,
            arrivals=pace.name,
            systems=found.systems,
            figures=_figures(found.systems),
            notes=_notes(ready, found),
        )
    deliver(result, wanted)
    _leave(result, failure=found.failure, refuse_busy=refuse_busy)


def measure(
    ready: Prepared, pace: Pace, *, count: int, warm_up: float, disturbed: Mark | None
) -> Interleaved:
    """Warm every system up, start an echo of replies of the same size, and run all rounds."""
    bench, workload = ready.bench, ready.workload
    plan_of = plans(pace, workload)
    subject = bench.systems[OURS]
    with ExitStack() as stack:
        size = 0
        for name in list(bench.systems):
            warmed = warmed_up(bench, name, workload, pace=pace, seconds=warm_up)
            if name == OURS:
                size = warmed
        beside = stack.enter_context(echo(Echo(reply_bytes=size)))
        bench.add(
            empty_echo(
                beside.address,
                pid=beside.pid,
                on_wire=subject.on_wire,
                connections=ready.connections,
            )
        )
        stack.callback(bench.drop, ECHO)
        warmed_up(bench, ECHO, workload, pace=pace, seconds=min(warm_up, _ECHO_WARM_UP_SECONDS))
        rounds = Rounds(
            plan=plan_of,
            count=count,
            rate=pace.asked_rate,
            seconds=pace.seconds,
            judge=ready.judge,
            marks={OURS: (disturbed,)} if disturbed else {},
        )
        total = count * len(bench.systems)
        with progress_bar("Measuring, rounds", total=total) as progress:
            found = bench.run(rounds, workload, progress=progress)
    return replace(found, systems=tuple(_with_recall(each, ready.apart) for each in found.systems))


def warmed_up(bench: Bench, name: str, workload: Workload, *, pace: Pace, seconds: float) -> int:
    """Ask for so long without counting; the mean size of a reply in bytes, 0 of none."""
    if seconds <= 0:
        return 0
    shorter = replace(pace, seconds=seconds)
    if pace.arrivals is Arrivals.REPLAYED:
        shorter = replace(shorter, arrivals=Arrivals.CONSTANT)
    plan = plans(shorter, workload)(-1)
    measured = bench.round(name, workload, plan=plan, seconds=seconds)
    sizes = [
        len(reply)
        for reply, status in zip(measured.replies, measured.statuses, strict=True)
        if status == OK
    ]
    return round(sum(sizes) / len(sizes)) if sizes else 0


def given_of(parameters: Mapping[str, object], pace: Pace) -> dict[str, object]:
    """The arguments that say what was measured, as results hold them; where it goes is none."""
    given = {
        name: value
        for name, value in parameters.items()
        if name not in _WHERE and value is not None
    }
    if pace.callers:
        return {name: value for name, value in given.items() if name not in _OPEN_LOOP}
    return {name: value for name, value in given.items() if name != "closed"}


def all_of(bench: Bench) -> Watch:
    """Every process of every system."""
    pids = [
        pid for each in bench.systems.values() for found in each.groups().values() for pid in found
    ]
    return Watch(ours=tuple(pids))


def _with_recall(system: SystemResult, apart: Mapping[str, Quality]) -> SystemResult:
    asked = apart.get(system.name)
    if asked is None:
        return system
    rounds = tuple(
        replace(each, quality=replace(each.quality, recall_at_50=asked.recall_at_50))
        if each.quality.judged and each.quality.recall_at_50 is None
        else each
        for each in system.rounds
    )
    return replace(system, rounds=rounds)


def _figures(systems: Sequence[SystemResult]) -> dict[str, object]:
    """What p50 and p99 of the first system are over those of each other one."""
    figures: dict[str, object] = {}
    ours, *others = systems
    for measure_name in ("p50_ms", "p99_ms"):
        of = next(each.of for each in MEASURES if each.name == measure_name)
        ratios = {}
        for other in others:
            pairs = [
                (of(one), of(two))
                for one, two in zip(ours.rounds, other.rounds, strict=False)
                if one.valid and two.valid
            ]
            kept = [(one, two) for one, two in pairs if one is not None and two]
            if kept:
                ratio = paired_ratio([one for one, _ in kept], [two for _, two in kept])
                ratios[other.name] = ratio.to_json()
        if ratios:
            figures[f"{measure_name.removesuffix('_ms')}_over"] = ratios
    return figures


def _notes(ready: Prepared, found: Interleaved) -> list[str]:
    notes = []
    if any(each.recall_at_50 is not None for each in ready.apart.values()):
        notes.append("recall@50 was asked apart, once, with pages of fifty, before the rounds.")
    if found.failure:
        notes.append(f"The run ended early: {found.failure.message}")
    return notes


def _leave(result: BenchResult, *, failure: OmnishelfError | None, refuse_busy: bool) -> None:
    if failure:
        typer.echo(f"omnishelf: {failure.message}", err=True)
    elif all_invalid(result):
        typer.echo("omnishelf: no round of a system is valid; the marks say why", err=True)
    elif refuse_busy and busy(result):
        typer.echo("omnishelf: others used the machine, and --refuse-busy was given", err=True)
    else:
        return
    raise typer.Exit(1)
