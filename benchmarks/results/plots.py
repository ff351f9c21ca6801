"""Pictures of a result: latency by percentile and by rate, stages, latency by size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.results.distribution import distribution
from benchmarks.results.drawing import Sheet, sheet, svg
from benchmarks.results.measures import ECHO, valid_rounds
from benchmarks.results.numbers import number
from benchmarks.results.palette import SERIES, stand_in
from benchmarks.results.values import STAGES, SystemResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS: Final = 160
_DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (8, 2)))
"""A second sign beside the colour, for who cannot tell colours apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a plot, in order of ``across``; invalid points are drawn hollow."""

    name: str
    across: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...] = ()
    valid: tuple[bool, ...] = ()


def percentile_plot(systems: Sequence[SystemResult]) -> str:
    """Latency by percentile as HdrHistogram draws it: across, 1/(1 - p) in powers of ten.

    The line is of all valid rounds together, the band from the fastest round to the slowest.
    """
    farthest = 0.0
    with sheet(height=3.1) as drawn:
        axes = drawn.axes
        for place, system in enumerate(systems):
            rounds = [distribution([each.latency]) for each in valid_rounds(system)]
            rounds = [each for each in rounds if each.count]
            whole = distribution(each.latency for each in valid_rounds(system))
            if not rounds:
                continue
            colour, dash = _look(system.name, place)
            # Beyond one request in n there is nothing to tell.
            across = np.linspace(0, np.log10(whole.count), _POINTS)
            axes.plot(
                across,
                whole.at(1 - 10.0**-across),
                color=colour,
                linestyle=dash,
                label=system.name,
                linewidth=1.6,
            )
            shared = np.linspace(0, np.log10(min(each.count for each in rounds)), _POINTS // 2)
            every = np.array([each.at(1 - 10.0**-shared) for each in rounds])
            axes.fill_between(
                shared, every.min(0), every.max(0), color=colour, alpha=0.15, linewidth=0
            )
            farthest = max(farthest, float(across[-1]))
        ticks = [at for at in (0.0, np.log10(2), 1.0, 2.0, 3.0, 4.0, 5.0) if at <= farthest]
        names = ("0", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %")
        axes.set_xticks(ticks, names[: len(ticks)])
        axes.set_xlabel("share of requests answered within")
        _milliseconds(axes)
        _key(drawn, len(systems))
        return svg(
            drawn,
            name="percentiles",
            title="Latency by percentile",
            description=_tails(systems),
        )


def stages_plot(means_ms: Mapping[str, Mapping[str, float]]) -> str:
    """Mean milliseconds of every stage as one bar a system; stages below 1 % bear no name."""
    with sheet(height=1.7 + 0.45 * len(means_ms)) as drawn:
        axes = drawn.axes
        for row, stages in enumerate(means_ms.values()):
            start, whole = 0.0, sum(stages.values())
            for stage in STAGES:
                taken = stages.get(stage, 0.0)
                axes.barh(
                    row,
                    taken,
                    left=start,
                    height=0.62,
                    color=stand_in(stage),
                    edgecolor=stand_in("paper"),
                    linewidth=0.8,
                    label=stage if row == 0 and taken >= 0.01 * whole else None,
                )
                if taken >= 0.09 * max(sum(each.values()) for each in means_ms.values()):
                    axes.text(
                        start + taken / 2, row, number(taken), ha="center", va="center",
                        color=stand_in("paper"),
                    )  # fmt: skip
                start += taken
        axes.set_yticks(range(len(means_ms)), list(means_ms))
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("mean milliseconds of a request")
        drawn.figure.legend(loc="outside lower center", ncols=4)
        told = "; ".join(
            f"{name}: "
            + ", ".join(f"{stage} {number(taken)} ms" for stage, taken in stages.items())
            for name, stages in means_ms.items()
        )
        return svg(drawn, name="stages", title="Where the time goes", description=told)


def rate_plot(lines: Sequence[Line], *, limit_ms: float | None, name: str) -> str:
    """Latency over the rate that was asked: p50 thin, p99 bold, the limit across."""
    with sheet(height=3.1) as drawn:
        axes = drawn.axes
        for place, line in enumerate(lines):
            colour, dash = _look(line.name, place)
            rates, middles, highs = _medians(line)
            axes.plot(rates, middles, color=colour, linestyle=dash, linewidth=0.9)
            axes.plot(rates, highs, color=colour, linestyle=dash, linewidth=1.8, label=line.name)
            for at, high, valid in zip(line.across, line.high, line.valid, strict=True):
                face = colour if valid else stand_in("paper")
                axes.plot(at, high, marker="o", color=colour, markerfacecolor=face, markersize=3)
        if limit_ms is not None:
            axes.axhline(limit_ms, color=stand_in("bad"), linewidth=0.9, linestyle=(0, (4, 3)))
            axes.annotate(
                f"p99 ≤ {number(limit_ms)} ms",
                (0, limit_ms),
                xycoords=("axes fraction", "data"),
                xytext=(4, 4),
                textcoords="offset points",
                color=stand_in("bad"),
            )
        axes.set_xlabel("requests a second; bold: p99, thin: p50, hollow: not valid")
        _milliseconds(axes)
        _key(drawn, len(lines))
        return svg(
            drawn, name=name, title="Latency by rate", description=_ends(lines, unit="a second")
        )


def size_plot(lines: Sequence[Line], *, name: str) -> str:
    """Search time by the number of products: p50 bold, p99 thin, both scales in powers of ten."""
    with sheet(height=3.3) as drawn:
        axes = drawn.axes
        axes.set_xscale("log")
        for place, line in enumerate(lines):
            colour, dash = _look(line.name, place)
            axes.plot(
                line.across, line.middle, color=colour, linestyle=dash, marker="o", markersize=4,
                linewidth=1.8, label=line.name,
            )  # fmt: skip
            if line.high:
                axes.plot(line.across, line.high, color=colour, linestyle=dash, linewidth=0.9)
        sizes = sorted({size for line in lines for size in line.across})
        axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
        axes.minorticks_off()
        axes.set_xlabel("products; bold: p50, thin: p99")
        _milliseconds(axes)
        _key(drawn, len(lines))
        return svg(
            drawn, name=name, title="Latency by size", description=_ends(lines, unit="products")
        )


def _medians(line: Line) -> tuple[list[float], list[float], list[float]]:
    """Each rate once, with the medians of its valid probes, or of all where none is valid."""
    rates = sorted(set(line.across))
    middles, highs = [], []
    for rate in rates:
        every = [place for place, each in enumerate(line.across) if each == rate]
        counted = [place for place in every if line.valid[place]] or every
        middles.append(median(line.middle[place] for place in counted))
        highs.append(median(line.high[place] for place in counted))
    return rates, middles, highs


def _look(name: str, place: int) -> tuple[str, str | tuple[float, tuple[float, ...]]]:
    colour = stand_in("echo" if name == ECHO else SERIES[place % len(SERIES)])
    return colour, _DASHES[place % len(_DASHES)]


def _milliseconds(axes: Axes) -> None:
    """A logarithmic axis with plain numbers: 1, 2, 5, 10."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    ticks = [
        digit * 10.0**power
        for power in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        for digit in ((1, 2, 5) if high / low < 1000 else (1,))
    ]
    axes.set_yticks([at for at in ticks if low <= at <= high])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.set_ylabel("milliseconds")
    axes.grid(axis="y")


def _key(drawn: Sheet, count: int) -> None:
    if count > 1:
        drawn.figure.legend(loc="outside upper left", ncols=min(count, 3))


def _tails(systems: Sequence[SystemResult]) -> str:
    said = []
    for system in systems:
        whole = distribution(each.latency for each in valid_rounds(system))
        if whole.count:
            half, most = whole.at(np.array([0.5, 0.99]))
            said.append(f"{system.name}: half within {number(half)} ms, 99 % in {number(most)} ms")
    return "; ".join(said) or "no valid round"


def _ends(lines: Sequence[Line], *, unit: str) -> str:
    return "; ".join(
        f"{line.name}: p50 {number(line.middle[0])} ms at {line.across[0]:,.0f} {unit},"
        f" {number(line.middle[-1])} ms at {line.across[-1]:,.0f}"
        for line in lines
        if line.across
    )
