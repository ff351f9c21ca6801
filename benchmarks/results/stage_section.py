"""The section of a page that tells where the time goes: stages that add up to the whole."""

from __future__ import annotations

from statistics import median
from typing import Final

from benchmarks.results.blocks import Block, Cell, Heading, Picture, Table, Tone, cell
from benchmarks.results.measures import valid_rounds
from benchmarks.results.numbers import number, share
from benchmarks.results.plots import stages_plot
from benchmarks.results.values import STAGES, BenchResult, RoundResult, SystemResult

_NOTE: Final = (
    "Means add up to the whole; percentiles of stages do not, as no request is the slowest one"
    " everywhere. “other” is what the server took between its stages, “wire” all else from when a"
    " request was due until its reply was there."
)


def stages_section(result: BenchResult) -> list[Block]:
    """A table for each system that tells its stages, and all of them drawn."""
    # Of what tells no stages there is the wire alone, which is the whole.
    telling = [each for each in result.systems if len(means_ms(each)) > 1]
    if not telling:
        return []
    tables = [_table(each, note=_NOTE if each is telling[-1] else "") for each in telling]
    drawn = {each.name: means_ms(each) for each in telling}
    picture = Picture(
        caption="Mean milliseconds of a request, stage by stage.",
        draw=lambda: stages_plot(drawn),
    )
    return [Heading(text="Where the time goes"), *tables, picture]


def means_ms(system: SystemResult) -> dict[str, float]:
    """Mean milliseconds of every stage over all requests of the rounds that count."""
    rounds = _telling(system)
    requests = sum(each.latency.count for each in rounds)
    sums: dict[str, float] = {}
    for each in rounds:
        for row in each.stages:
            sums[row.stage] = sums.get(row.stage, 0.0) + row.mean_ms * each.latency.count
    known = [stage for stage in STAGES if stage in sums]
    return {stage: sums[stage] / requests for stage in (*known, *sorted(set(sums) - set(known)))}


def _telling(system: SystemResult) -> list[RoundResult]:
    return [each for each in valid_rounds(system) if each.stages and each.latency.count]


def _table(system: SystemResult, *, note: str) -> Table:
    rounds, means = _telling(system), means_ms(system)
    requests = sum(each.latency.count for each in rounds)
    # Above 0 even where nothing took time, so that shares of it stay numbers.
    whole = max(sum(each.latency.mean_ms * each.latency.count for each in rounds) / requests, 1e-9)
    total = sum(means.values())
    at = {name: _median_at(rounds, name) for name in ("50", "99")}
    return Table(
        caption=f"Stages of {system.name}, milliseconds",
        heads=("stage", "mean", "of the whole", "p50", "p99"),
        rows=(
            *(_row(rounds, stage, mean, whole=whole) for stage, mean in means.items()),
            _strong("sum of the stages", number(total), share(total / whole), "", ""),
            _strong("whole request", number(whole), "", number(at["50"]), number(at["99"])),
        ),
        note=note,
    )


def _row(rounds: list[RoundResult], stage: str, mean: float, *, whole: float) -> tuple[Cell, ...]:
    rows = [row for each in rounds for row in each.stages if row.stage == stage]
    return (
        cell(stage),
        cell(number(mean)),
        cell(share(mean / whole)),
        cell(number(median(row.p50_ms for row in rows))),
        cell(number(median(row.p99_ms for row in rows))),
    )


def _strong(*texts: str) -> tuple[Cell, ...]:
    return tuple(cell(text, tone=Tone.STRONG) for text in texts)


def _median_at(rounds: list[RoundResult], name: str) -> float:
    return median(each.latency.percentiles_ms[name] for each in rounds)
