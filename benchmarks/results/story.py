"""What a result says in plain words: what was asked of what, what came out, what to know first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Final

from benchmarks.goals import read_figure, verdicts
from benchmarks.load.target import OK
from benchmarks.results.intervals import Estimate, paired_ratio
from benchmarks.results.measures import ECHO, MEASURES, Measure, estimate, subject, valid_rounds
from benchmarks.results.numbers import interval_text, number, share
from benchmarks.results.values import BenchResult, RoundResult, SystemResult

_ARRIVALS: Final = {
    "constant": "evenly spaced",
    "poisson": "at random moments (Poisson)",
    "replayed": "at the moments of a recording",
    "closed": "each as soon as the one before was answered",
}

_P50, _P99 = MEASURES[0], MEASURES[2]


def title(result: BenchResult) -> str:
    """One line: what ran, and when."""
    try:
        made = datetime.fromisoformat(result.made_at).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        made = result.made_at
    return f"omnishelf bench {result.command}, {made}"


def lead(result: BenchResult) -> str:
    """The first paragraph."""
    said = [_asked(result), _answered(result), *_found(result)]
    return " ".join(each for each in said if each)


def warnings(result: BenchResult) -> tuple[str, ...]:
    """Every mark in words, one sentence for all rounds of a system that bear it, and the notes."""
    said = []
    for system in result.systems:
        names = dict.fromkeys(mark.name for each in system.rounds for mark in each.marks)
        for name in names:
            bearing = [
                (place, mark)
                for place, each in enumerate(system.rounds, 1)
                for mark in each.marks
                if mark.name == name
            ]
            invalid = any(mark.invalid for _, mark in bearing)
            places = ", ".join(str(place) for place in dict.fromkeys(at for at, _ in bearing))
            one = "," not in places
            counts = ("is left out", "are left out") if invalid else ("counts", "count")
            said.append(
                f"{name}: {'round' if one else 'rounds'} {places} of {system.name}"
                f" {counts[0] if one else counts[1]}. {bearing[0][1].text}"
            )
    return (*said, *result.notes)


def ratio_of(measure: Measure, above: SystemResult, below: SystemResult) -> Estimate | None:
    """The ratio over rounds that took turns and are valid in both; None where there is none."""
    pairs = [
        (one, other)
        for first, second in zip(above.rounds, below.rounds, strict=False)
        if first.valid and second.valid
        if (one := measure.of(first)) is not None and (other := measure.of(second))
    ]
    return paired_ratio([one for one, _ in pairs], [other for _, other in pairs]) if pairs else None


def failures(rounds: Sequence[RoundResult]) -> dict[str, int]:
    """How many requests ended otherwise than with OK, by status."""
    return _summed([each.statuses for each in rounds], skip=OK)


def fallbacks(rounds: Sequence[RoundResult]) -> dict[str, int]:
    """How many replies used each fallback."""
    return _summed([each.fallbacks for each in rounds])


def requests_of(rounds: Sequence[RoundResult]) -> int:
    """How many requests were asked."""
    return sum(sum(each.statuses.values()) for each in rounds)


def pace(system: SystemResult, arrivals: str) -> str:
    """How fast it was asked."""
    rates = [each.planned_rate for each in system.rounds if each.planned_rate is not None]
    if not rates:
        return _ARRIVALS["closed"]
    slow, fast = min(rates), max(rates)
    if fast <= 1.2 * slow:
        said = f"{number(median(rates))} a second"
    else:
        said = f"{number(slow)} to {number(fast)} a second"
    return f"{said}, {_ARRIVALS.get(arrivals, arrivals)}"


def _asked(result: BenchResult) -> str:
    system, data = subject(result.systems), result.data
    every = sum(data.kinds.values())
    kinds = ", ".join(
        f"{share(count / every)} {kind}" for kind, count in data.kinds.items() if count
    )
    shop = f"{data.products:,} products" if data.products else "a shop"
    if system is None:
        return _asked_of_none(result, kinds=kinds, shop=shop)
    beside = [each.name for each in result.systems if each is not system]
    turns = f", in turns with {' and '.join(beside)}" if beside else ""
    rounds = len(system.rounds)
    return (
        f"{system.name} was asked the workload “{data.workload}”"
        f"{f' ({kinds})' if kinds else ''} over {shop}: {pace(system, result.arrivals)},"
        f" in {rounds} {'round' if rounds == 1 else 'rounds'}{turns}."
    )


def _asked_of_none(result: BenchResult, *, kinds: str, shop: str) -> str:
    """What was asked where no system had rounds: engines of several sizes, or bare parts."""
    records = result.figures.get("scale")
    sizes, engines = [], []
    for each in records if isinstance(records, list) else []:
        if isinstance(each, Mapping) and isinstance(size := each.get("size"), int):
            sizes.append(size)
            engines.append(str(each.get("engine", "")))
    if sizes:
        return (
            f"{min(sizes):,} to {max(sizes):,} products were searched with"
            f" {', '.join(dict.fromkeys(engines))}."
        )
    if result.command == "parts":
        return (
            f"Whole requests of the workload “{result.data.workload}”"
            f"{f' ({kinds})' if kinds else ''} over {shop} were measured beside their bare parts,"
            " in turns."
        )
    return ""


def _answered(result: BenchResult) -> str:
    system = subject(result.systems)
    if system is None:
        return ""
    valid = valid_rounds(system)
    if not valid:
        return "No round is valid, so there is no figure to give."
    half, tail = estimate(_P50, system), estimate(_P99, system)
    if half is None or tail is None:
        return "None of its requests was answered."
    left_out = len(system.rounds) - len(valid)
    if result.command != "run":
        return _left_out(left_out)
    asked, failed = requests_of(valid), sum(failures(valid).values())
    ended = (
        f"All {asked:,} requests were answered."
        if not failed
        else f"{failed:,} of {asked:,} requests failed ({share(failed / asked)})."
    )
    return (
        f"Half of the answers were there within {interval_text(half)} ms, 99 of 100 within"
        f" {interval_text(tail)} ms, counted from when each request was due. {ended}"
        f"{_beside(result, system)}{_left_out(left_out)}"
    )


def _beside(result: BenchResult, system: SystemResult) -> str:
    said = ""
    for other in result.systems:
        ratio = None if other is system else ratio_of(_P50, system, other)
        if ratio is not None:
            whose = "the empty echo" if other.name == ECHO else other.name
            said += f" Its p50 is {interval_text(ratio)} times that of {whose}."
    return said


def _left_out(count: int) -> str:
    if not count:
        return ""
    return (
        f" {count} {'round is' if count == 1 else 'rounds are'} not valid and left out of every"
        " figure."
    )


def _found(result: BenchResult) -> list[str]:
    said = []
    rate, low, high = read_figure(result.figures.get("highest_rate"))
    if rate is not None:
        limit, _, _ = read_figure(result.figures.get("p99_limit_ms"))
        within = f" with p99 within {number(limit)} ms" if limit is not None else ""
        held = Estimate(median=rate, rounds=0, low=low, high=high)
        said.append(f"The highest rate{within} is {interval_text(held)} requests a second.")
        over = result.figures.get("highest_rate_over")
        for name, figure in over.items() if isinstance(over, Mapping) else ():
            times, _, _ = read_figure(figure)
            said += [f"That is {number(times)} times that of {name}."] if times else []
    found = [each for each in verdicts(result.figures) if each.met is not None]
    if found:
        missed = [each for each in found if not each.met]
        met = len(found) - len(missed)
        said.append(f"Goals met: {met} of {len(found)} measured.")
        if missed:
            names = (f"{each.goal.words} ({each.text})" for each in missed)
            said.append(f"Not met: {'; '.join(names)}.")
    return said


def _summed(counts: Sequence[Mapping[str, int]], *, skip: str = "") -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            if name != skip and count:
                found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def rests_on(rounds: Sequence[RoundResult], percentile: float) -> int:
    """How many requests of the shortest round lie beyond a percentile."""
    least = min((each.latency.count for each in rounds), default=0)
    return math.floor(least * (1 - percentile / 100) + 1e-9)
