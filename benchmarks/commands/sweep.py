"""`omnishelf bench sweep`: the highest rate that a server holds within a stated p99."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

import typer

from benchmarks.commands import options
from benchmarks.commands.outcome import Wanted, busy, deliver, result_of
from benchmarks.commands.run import all_of, given_of, warmed_up
from benchmarks.commands.source import OURS, Asked, Prepared, Systems, prepared
from benchmarks.commands.spread import spread
from benchmarks.load.highest_rate import HighestRate, Probe, highest_rates
from benchmarks.load.plans import Arrivals, Pace, plans
from benchmarks.load.quiet import look
from benchmarks.load.summary import summarise
from benchmarks.load.target import OK
from benchmarks.results.values import RoundResult, SystemResult
from server.commands.progress import stage_progress
from server.errors import Unavailable

Tried = dict[str, dict[float, list[RoundResult]]]
"""Rounds by system and rate."""


@spread
def sweep(
    context: typer.Context,
    *,
    p99: Annotated[
        float, typer.Option("--p99", min=0.001, metavar="MS", help="p99 to keep, from when due.")
    ],
    asked: Asked,
    start: Annotated[float, typer.Option(min=0.001, help="The first rate to try.")] = 20.0,
    arrivals: options.ArrivalsKind = Arrivals.POISSON,
    seconds: options.Seconds = 5.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each rate is tried; odd.")] = 3,
    warm_up: options.WarmUp = 5.0,
    timeout: options.Timeout = 10.0,
    systems: Systems,
    seed: options.Seed = 2026,
    refuse_busy: options.RefuseBusy = False,
    wanted: Wanted,
) -> None:
    """Find the highest rate whose p99, from when requests were due, stays within a limit.

    Fewer than one request in a thousand may fail. The rate is doubled until it is not held, then
    halved in between until it is known to 5 %; a rate is held when most of its rounds hold it.
    Leaves with 1 where no rate was held, or where --refuse-busy finds others at work.
    """
    pace = Pace(
        arrivals=arrivals, rate=start, seconds=seconds, timeout_seconds=timeout, seed=seed
    )  # fmt: skip
    if arrivals is Arrivals.REPLAYED:
        raise typer.BadParameter("a recording has its own rate; take constant or poisson")
    with prepared(asked, systems, seed=seed) as ready:
        disturbed = look(all_of(ready.bench))
        if disturbed and refuse_busy:
            raise Unavailable(disturbed.text, reason=disturbed.name)
        tried: Tried = {name: {} for name in ready.bench.systems}
        for name in ready.bench.systems:
            warmed_up(ready.bench, name, ready.workload, pace=pace, seconds=warm_up)
        with stage_progress("Sweeping") as tell:
            probes = {
                name: _probe(ready, name, pace=pace, tried=tried, tell=tell) for name in tried
            }
            found = highest_rates(probes, limit_ms=p99, start=start, rounds=rounds)
        result = result_of(
            "sweep",
            arguments=given_of(context.params, pace),
            workload=ready.workload,
            products=ready.products,
            arrivals=pace.name,
            systems=[_system(ready, name, tried[name], found[name]) for name in tried],
            figures=figures_of(found),
            notes=[*([disturbed.text] if disturbed else []), *notes_of(found)],
        )
    deliver(result, wanted)
    if not (wanted.json or wanted.markdown):
        _print(found)
    if not found[OURS].median:
        typer.echo(f"omnishelf: no rate was held within {p99:g} ms; raise --p99", err=True)
        raise typer.Exit(1)
    if refuse_busy and busy(result):
        typer.echo("omnishelf: others used the machine, and --refuse-busy was given", err=True)
        raise typer.Exit(1)


def figures_of(found: Mapping[str, HighestRate]) -> dict[str, object]:
    """The first system's figures, and of several each one's rate and the ratio to it."""
    ours, *others = found
    curve = [
        {"system": name, **record} for name, each in found.items() for record in each.records()
    ]
    figures = {**found[ours].figures(), "curve": curve}
    if others:
        figures["highest_rates"] = {name: each.interval() for name, each in found.items()}
        figures["highest_rate_over"] = {
            name: {"median": found[ours].median / found[name].median}
            for name in others
            if found[name].median
        }
    return figures


def notes_of(found: Mapping[str, HighestRate]) -> list[str]:
    """Where the client, and not the server, set the limit."""
    return [
        f"From {rate:,.1f} requests a second on, rounds of {name} were invalid though p99 was "
        "within the limit: the client or its machine failed, and the server may hold more."
        for name, each in found.items()
        if (rate := each.invalid_within()) is not None
    ]


def _probe(
    ready: Prepared, name: str, *, pace: Pace, tried: Tried, tell: Callable[[str, float], None]
) -> Callable[[float, int], Probe]:
    system = ready.bench.systems[name]
    judge = ready.judge if system.address else None

    def probe(rate: float, number: int) -> Probe:
        tell(f"{name} at {rate:,.1f} a second", 0.0)
        plan = plans(replace(pace, rate=rate), ready.workload)(number)
        measured = ready.bench.round(name, ready.workload, plan=plan)
        result = summarise(
            measured, ready.workload, judge, tell=system.tell, rate=rate, seconds=pace.seconds
        )
        tried[name].setdefault(rate, []).append(result)
        return probe_of(result, rate=rate)

    return probe


def probe_of(result: RoundResult, *, rate: float) -> Probe:
    """A round as the search sees it; one without answers holds nothing."""
    asked = sum(result.statuses.values())
    at = result.latency.percentiles_ms
    return Probe(
        rate=rate,
        p50_ms=at.get("50", 0.0),
        p99_ms=at.get("99", 0.0),
        throughput=result.throughput,
        error_share=1 - result.statuses.get(OK, 0) / asked if asked else 1.0,
        valid=result.valid,
    )


def _system(
    ready: Prepared, name: str, tried: Mapping[float, list[RoundResult]], found: HighestRate
) -> SystemResult:
    """With the rounds of the highest rate tried that is no more than the one found."""
    held = [rate for rate in tried if rate <= found.median]
    rounds = tried[max(held)] if held else []
    return SystemResult(name=name, about=ready.bench.systems[name].about, rounds=tuple(rounds))


def _print(found: Mapping[str, HighestRate]) -> None:
    for name, each in found.items():
        typer.echo(
            f"{name}: {each.median:,.1f} requests a second within {each.limit_ms:g} ms at p99 "
            f"(by round {each.low:,.1f} to {each.high:,.1f})"
        )
