"""Pictures of a training run, as PNG bytes; the only file here that needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ranker.errors import RankingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_FEATURES = 30
_BLUE, _GREY, _ORANGE = "#31688e", "#888888", "#d95f02"


def draw_curve(curve: Mapping[str, object], *, rounds: int) -> bytes:
    """NDCG by number of trees, one line a side, and where growing was stopped.

    Raises:
        RankingError: ``PLOTS_NOT_INSTALLED``.
    """
    figure, axes = _figure(width=8, height=4)
    for color, (name, values) in zip((_GREY, _BLUE), curve.items(), strict=False):
        line = cast("Sequence[float]", values)
        axes.plot(range(1, len(line) + 1), line, color=color, label=name)
    axes.axvline(rounds, color=_ORANGE, linestyle="--", label=f"kept: {rounds} trees")
    axes.set_xlabel("trees")
    axes.set_ylabel("NDCG@10")
    axes.set_title("Learning curve")
    axes.legend()
    return _png(figure)


def draw_gain(gain: Mapping[str, object]) -> bytes:
    """Features by their share of the gain, the largest on top, at most thirty.

    Raises:
        RankingError: ``PLOTS_NOT_INSTALLED``.
    """
    shares = cast("Mapping[str, float]", gain)
    shown = sorted(shares.items(), key=lambda item: item[1])[-_MOST_FEATURES:]
    figure, axes = _figure(width=8, height=1 + 0.25 * len(shown))
    axes.barh([name for name, _ in shown], [share for _, share in shown], color=_BLUE)
    axes.set_xlabel("share of the gain")
    axes.set_title("What the trees split on")
    return _png(figure)


def draw_quality(rankers: Mapping[str, object], *, metric: str) -> bytes:
    """A point and its interval for every ranker.

    Raises:
        RankingError: ``PLOTS_NOT_INSTALLED``.
    """
    said = cast("Mapping[str, Mapping[str, float | None]]", rankers)
    known = [
        (name, mean, interval["low"] or 0.0, interval["high"] or 0.0)
        for name, interval in said.items()
        if (mean := interval["mean"]) is not None
    ]
    figure, axes = _figure(width=8, height=1.2 + 0.4 * len(known))
    axes.errorbar(
        [mean for _, mean, _, _ in known],
        range(len(known)),
        xerr=[
            [mean - low for _, mean, low, _ in known],
            [high - mean for _, mean, _, high in known],
        ],
        fmt="o",
        color=_BLUE,
        capsize=4,
    )
    axes.set_yticks(range(len(known)), [name for name, *_ in known])
    axes.invert_yaxis()
    axes.set_xlabel(f"{metric} on held-out queries, 95 % interval")
    axes.set_title("Quality")
    return _png(figure)


def _figure(*, width: float, height: float) -> tuple[Figure, Axes]:
    try:
        # The object-oriented interface keeps no state and asks for no display.
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional package
    except ModuleNotFoundError as error:
        raise RankingError(
            "Drawing a report takes matplotlib, which is not installed; run `make exporter`, or"
            " pip install 'omnishelf[training]'.",
            reason="PLOTS_NOT_INSTALLED",
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _png(figure: Figure) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=110, metadata={"Software": None})
    return written.getvalue()
