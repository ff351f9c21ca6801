"""The sections of a page that tell of systems: figures, ratios, kinds of requests, rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.load.target import OK
from benchmarks.results.blocks import Block, Bullets, Cell, Heading, Picture, Table, Tone, cell
from benchmarks.results.intervals import Estimate, median_of
from benchmarks.results.measures import MEASURES, Measure, estimate, subject, valid_rounds
from benchmarks.results.numbers import NONE, bounds, number, share
from benchmarks.results.plots import percentile_plot
from benchmarks.results.story import failures, fallbacks, ratio_of, requests_of, rests_on
from benchmarks.results.values import BenchResult, RoundResult, SystemResult


def systems_section(result: BenchResult) -> list[Block]:
    """Every measure of every system, their latencies drawn, and the ratios to the first."""
    systems = [each for each in result.systems if valid_rounds(each)]
    if not systems:
        return []
    rows = [
        _row("rounds that count", systems, _rounds),
        _row("requests", systems, lambda each: cell(f"{requests_of(valid_rounds(each)):,}")),
        _row("asked, a second", systems, _asked),
        *(
            _row(_words(measure), systems, partial(_figure, measure))
            for measure in MEASURES
            if any(estimate(measure, each) for each in systems)
        ),
        _row("errors", systems, lambda each: _counted(each, failures(valid_rounds(each)))),
        _row("fallbacks", systems, lambda each: _counted(each, fallbacks(valid_rounds(each)))),
    ]
    table = Table(
        caption="What was measured",
        heads=("", *(each.name for each in systems)),
        rows=tuple(rows),
        note=_note(systems),
    )
    drawn = Picture(
        caption="Within which time which share of requests was answered, from when they were due."
        " The line is all valid rounds together, the band the fastest to the slowest round.",
        draw=lambda: percentile_plot(systems),
    )
    pictures = [drawn] if any(each.latency.count for one in systems for each in one.rounds) else []
    return [Heading(text="Latency"), table, *pictures, *_ratios(result)]


def kinds_section(result: BenchResult) -> list[Block]:
    """Latency by kind of request, of the system that the run is about."""
    system = subject(result.systems)
    rounds = valid_rounds(system) if system else ()
    kinds = dict.fromkeys(kind for each in rounds for kind in each.by_kind)
    if system is None or not kinds:
        return []
    rows = []
    for kind in kinds:
        held = [each.by_kind[kind] for each in rounds if kind in each.by_kind]
        answered = [each for each in held if each.count]
        figures = [
            _estimate_cell([each.percentiles_ms[name] for each in answered])
            for name in ("50", "90", "99")
        ]
        rows.append((cell(kind), cell(f"{sum(each.count for each in held):,}"), *figures))
    return [
        Table(
            caption=f"By kind of request, {system.name}, milliseconds",
            heads=("kind", "answered", "p50", "p90", "p99"),
            rows=tuple(rows),
        )
    ]


def rounds_section(result: BenchResult) -> list[Block]:
    """Every round in the order of the run; those that do not count are struck out."""
    rounds = sorted(
        (
            (place, f"{system.name} {place}", each)
            for system in result.systems
            for place, each in enumerate(system.rounds, 1)
        ),
        key=lambda item: item[0],
    )
    if not rounds:
        return []
    marks = tuple(
        f"{name}{'' if each.valid else ' does not count'}. {mark.name}: {mark.text}"
        for _, name, each in rounds
        for mark in each.marks
    )
    heads = ("round", "asked, a second", "answered, a second", "p50, ms", "p99, ms", "errors")
    return [
        Heading(text="Rounds"),
        Table(
            caption="Every round; what is struck out takes no part in any figure",
            heads=(*heads, "marks"),
            rows=tuple(_round_row(name, each) for _, name, each in rounds),
            words_last=True,
        ),
        *((Bullets(items=marks),) if marks else ()),
    ]


def _round_row(name: str, each: RoundResult) -> tuple[Cell, ...]:
    tone = Tone.PLAIN if each.valid else Tone.STRUCK
    at = each.latency.percentiles_ms if each.latency.count else {}
    failed = sum(count for status, count in each.statuses.items() if status != OK)
    return (
        cell(name),
        cell(NONE if each.planned_rate is None else number(each.planned_rate), tone=tone),
        cell(number(each.throughput), tone=tone),
        cell(number(at.get("50")), tone=tone),
        cell(number(at.get("99")), tone=tone),
        cell(f"{failed:,}", tone=tone),
        cell(", ".join(dict.fromkeys(mark.name for mark in each.marks))),
    )


def _ratios(result: BenchResult) -> list[Block]:
    system = subject(result.systems)
    others = [each for each in result.systems if each is not system]
    if system is None or not others:
        return []
    rows = []
    for measure in MEASURES:
        ratios = [ratio_of(measure, system, each) for each in others]
        if any(ratios):
            rows.append((cell(measure.words), *(_ratio_cell(each) for each in ratios)))
    if not rows:
        return []
    return [
        Table(
            caption=f"{system.name}, times that of",
            heads=("", *(each.name for each in others)),
            rows=tuple(rows),
            note="Rounds took turns, and each is compared with the other's round beside it: the"
            " median of the rounds' ratios.",
        )
    ]


def _ratio_cell(ratio: Estimate | None) -> Cell:
    if ratio is None:
        return cell(NONE)
    return cell(number(ratio.median), below=bounds(ratio))


def _row(
    name: str, systems: Sequence[SystemResult], of: Callable[[SystemResult], Cell]
) -> tuple[Cell, ...]:
    return (cell(name), *(of(each) for each in systems))


def _words(measure: Measure) -> str:
    return f"{measure.words}, {measure.unit}" if measure.unit else measure.words


def _figure(measure: Measure, system: SystemResult) -> Cell:
    found = estimate(measure, system)
    if found is None:
        return cell(NONE)
    said = share if measure.name == "answered_share" else number
    return cell(said(found.median), below=_interval(found, percent=said is share))


def _interval(found: Estimate, *, percent: bool) -> str:
    if found.low is None or found.high is None or found.low == found.high:
        return ""
    if percent:
        return f"{share(found.low)} to {share(found.high)}"
    return bounds(found)


def _estimate_cell(values: Sequence[float]) -> Cell:
    if not values:
        return cell(NONE)
    found = median_of(values)
    return cell(number(found.median), below=bounds(found))


def _rounds(system: SystemResult) -> Cell:
    valid, every = len(valid_rounds(system)), len(system.rounds)
    return cell(f"{valid} of {every}", tone=Tone.PLAIN if valid == every else Tone.BAD)


def _asked(system: SystemResult) -> Cell:
    rates = [each.planned_rate for each in valid_rounds(system) if each.planned_rate is not None]
    return _estimate_cell(rates) if rates else cell("closed loop")


def _counted(system: SystemResult, counts: Mapping[str, int]) -> Cell:
    asked, count = requests_of(valid_rounds(system)), sum(counts.values())
    if not count or not asked:
        return cell("none")
    kinds = ", ".join(f"{name} {each:,}" for name, each in counts.items())
    return cell(share(count / asked), below=kinds, tone=Tone.BAD)


def _note(systems: Sequence[SystemResult]) -> str:
    rounds = [each for system in systems for each in valid_rounds(system)]
    said = "Medians over the rounds that count"
    least = estimate(MEASURES[0], systems[0])
    if least is not None and least.confidence is not None:
        said += (
            f"; below each, the interval that holds the true median with {share(least.confidence)}"
        )
    else:
        said += "; fewer than three rounds give no interval"
    said += ". CPU and memory are of all the system's processes, the asking one left out."
    for percentile in (99.0, 99.9):
        beyond = rests_on(rounds, percentile)
        if beyond < 5:
            said += f" p{percentile:g} rests on {beyond or 'fewer than one'} of a round's requests."
    return said
