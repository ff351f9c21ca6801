"""The sections of a page that tell what a command found: goals, rates, sizes, the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from benchmarks.goals import GOALS, Verdict, read_figure, verdicts
from benchmarks.results.blocks import Block, Cell, Heading, Picture, Table, Tone, cell
from benchmarks.results.intervals import Estimate
from benchmarks.results.numbers import NONE, bounds, number
from benchmarks.results.plots import Line, rate_plot, size_plot
from benchmarks.results.values import BenchResult

_TOLD: Final = frozenset({"reasons", *(goal.name for goal in GOALS)})
"""Figures that the table of goals tells of."""


def goals_section(result: BenchResult) -> list[Block]:
    """Every goal, its figure and whether it is met; nothing where none was measured."""
    reasons = result.figures.get("reasons")
    given = (
        {name: str(why) for name, why in reasons.items()} if isinstance(reasons, Mapping) else {}
    )
    found = verdicts(result.figures, reasons=given)
    if result.command != "parts" and all(each.met is None for each in found):
        return []
    if result.command != "parts":
        found = tuple(each for each in found if each.met is not None)
    return [
        Heading(text="Goals"),
        Table(
            caption="Goals and figures",
            heads=("what", "goal", "measured", "verdict"),
            rows=tuple(_goal_row(each) for each in found),
            words=2,
            words_last=True,
        ),
    ]


def figures_section(result: BenchResult) -> list[Block]:
    """All other figures: records as tables and, where their keys are known, drawn; numbers below.

    Nothing that a result holds is left out.
    """
    blocks: list[Block] = []
    numbers = []
    limit, _, _ = read_figure(result.figures.get("p99_limit_ms"))
    for name, figure in result.figures.items():
        if name in _TOLD:
            continue
        for path, value in _leaves(name, figure):
            if (records := _records(value)) is not None:
                blocks += _drawn(f"plot-{len(blocks)}", records, limit_ms=limit)
                blocks.append(_record_table(path, records))
            else:
                numbers.append((cell(_words(path)), _figure_cell(value)))
    if numbers:
        table = Table(caption="Figures", heads=("what", "measured"), rows=tuple(numbers))
        blocks.insert(0, table)
    return [Heading(text="What was found"), *blocks] if blocks else []


def lines_of(records: Sequence[Mapping[str, object]], *, across: str, of: str = "") -> list[Line]:
    """The lines of a plot: one for each system, or for each engine and index, by rising ``across``.

    Records without a number under ``across`` or a p50 are not drawn; ``of`` begins the names of
    the percentiles, as in `text_p50_ms`.
    """
    groups: dict[str, list[tuple[float, float, float | None, bool]]] = {}
    for each in records:
        at, middle, high = (_at(each, key) for key in (across, f"{of}p50", f"{of}p99"))
        if at is None or middle is None or min(at, middle) <= 0:
            continue
        named = [str(each[key]) for key in ("system", "engine", "index") if each.get(key)]
        point = (at, middle, high, each.get("valid") is not False)
        groups.setdefault(" ".join(dict.fromkeys(named)), []).append(point)
    return [
        _line(name, sorted(points, key=lambda each: each[0])) for name, points in groups.items()
    ]


def _line(name: str, points: Sequence[tuple[float, float, float | None, bool]]) -> Line:
    highs = tuple(high for _, _, high, _ in points if high is not None)
    return Line(
        name=name,
        across=tuple(each[0] for each in points),
        middle=tuple(each[1] for each in points),
        high=highs if len(highs) == len(points) else (),
        valid=tuple(each[3] for each in points),
    )


def _drawn(
    name: str, records: Sequence[Mapping[str, object]], *, limit_ms: float | None
) -> Iterator[Block]:
    rates = lines_of(records, across="rate")
    if rates and all(line.high for line in rates):
        yield Picture(
            caption="Latency over the rate that was asked, every probe. A rate is held while p99"
            " stays below the limit.",
            draw=lambda: rate_plot(rates, limit_ms=limit_ms, name=name),
        )
    for of, words in (("", "search"), ("text_", "whole text query")):
        if sizes := lines_of(records, across="size", of=of):
            yield Picture(
                caption=f"Time of one {words} over the number of products.",
                draw=partial(size_plot, sizes, name=f"{name}-{of}size"),
            )


def _goal_row(verdict: Verdict) -> tuple[Cell, ...]:
    tone = Tone.PLAIN if verdict.met is None else Tone.GOOD if verdict.met else Tone.BAD
    sign = "" if verdict.met is None else "✓ " if verdict.met else "✗ "
    unit = f" {verdict.goal.unit}" if verdict.goal.unit else ""
    measured = cell(NONE)
    if verdict.measured is not None:
        found = _estimate(verdict.measured, verdict.low, verdict.high)
        measured = cell(f"{number(verdict.measured)}{unit}", below=bounds(found))
    return (
        cell(verdict.goal.words),
        cell(verdict.goal.text),
        measured,
        cell(f"{sign}{verdict.text}", tone=tone),
    )


def _record_table(path: str, records: Sequence[Mapping[str, object]]) -> Table:
    keys = list(dict.fromkeys(key for each in records for key in each))
    keys.sort(key=lambda key: not any(isinstance(each.get(key), str) for each in records))
    words = sum(any(isinstance(each.get(key), str) for each in records) for key in keys)
    return Table(
        caption=_words(path).capitalize(),
        heads=tuple(_words(key) for key in keys),
        rows=tuple(tuple(_figure_cell(each.get(key)) for key in keys) for each in records),
        words=max(words, 1),
    )


def _figure_cell(value: object) -> Cell:
    if isinstance(value, bool):
        return cell("yes" if value else "no")
    if isinstance(value, int):
        return cell(f"{value:,}")
    if isinstance(value, str):
        return cell(value)
    median, low, high = read_figure(value)
    if median is not None:
        return cell(number(median), below=bounds(_estimate(median, low, high)))
    return cell(NONE if value is None or value in ({}, []) else json.dumps(value))


def _leaves(path: str, figure: object) -> Iterator[tuple[str, object]]:
    """Figures inside figures by their whole path; intervals and lists are not gone into."""
    if isinstance(figure, Mapping) and figure and read_figure(figure)[0] is None:
        for name, value in figure.items():
            yield from _leaves(f"{path}.{name}", value)
    else:
        yield path, figure


def _records(figure: object) -> list[Mapping[str, object]] | None:
    if not isinstance(figure, list) or not figure:
        return None
    found = [each for each in figure if isinstance(each, Mapping)]
    return found if len(found) == len(figure) else None


def _at(record: Mapping[str, object], key: str) -> float | None:
    return next(
        (
            value
            for name in (key, f"{key}_ms")
            if (value := read_figure(record.get(name))[0]) is not None
        ),
        None,
    )


def _words(path: str) -> str:
    """The path of a figure in words.

    >>> _words("bare.encode_ms")
    'bare, encode, ms'
    """
    words = path.replace(".", ", ")
    for unit, said in (("_ms", ", ms"), ("_mb", ", MB"), ("_seconds", ", s")):
        if words.endswith(unit):
            words = words.removesuffix(unit) + said
    return words.replace("_", " ")


def _estimate(median: float, low: float | None, high: float | None) -> Estimate:
    return Estimate(median=median, rounds=0, low=low, high=high)
