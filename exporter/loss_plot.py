"""Draw how an alignment went: loss of training and recall of the products kept out, by steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from exporter.alignment_report import HistoryPoint

_INCHES = (7.0, 4.0)
_DOTS_AN_INCH = 120
_LOSS, _RECALL = "tab:blue", "tab:orange"


def draw_history(history: Sequence[HistoryPoint], path: Path) -> None:
    """Write a PNG: loss on the left axis, recall@10 on the right one, steps below.

    Needs no display and touches no state of matplotlib's. A figure with no points shows its axes.

    Raises:
        OSError: ``path`` cannot be written.
    """
    figure = Figure(figsize=_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.subplots()
    right = left.twinx()
    losses = [(point.step, point.loss) for point in history if point.loss is not None]
    recalls = [
        (point.step, point.recall_at_10) for point in history if point.recall_at_10 is not None
    ]
    lines = [
        *left.plot(*_columns(losses), color=_LOSS, label="training loss"),
        *right.plot(*_columns(recalls), color=_RECALL, marker=".", label="recall@10 held out"),
    ]
    left.set_xlabel("training steps")
    left.set_ylabel("training loss", color=_LOSS)
    right.set_ylabel("recall@10 of products held out", color=_RECALL)
    right.set_ylim(0, 1.02)
    left.set_title("Alignment")
    left.legend(handles=lines, loc="center right")
    figure.savefig(path, format="png", dpi=_DOTS_AN_INCH)


def _columns(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [step for step, _ in points], [value for _, value in points]
