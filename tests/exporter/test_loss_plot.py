"""A plot is a picture with what was measured in it, with gaps or with nothing at all."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the exporter's extra is not installed")

from PIL import Image

from exporter.alignment_report import HistoryPoint
from exporter.loss_plot import draw_history

HISTORY = (
    HistoryPoint(step=0, recall_at_10=0.2, ndcg_at_10=0.1),
    HistoryPoint(step=25, loss=3.0, recall_at_10=0.5, ndcg_at_10=0.4),
    HistoryPoint(step=50, loss=1.0),
)
BLUE, ORANGE = (31, 119, 180), (255, 127, 14)


def inked(path: Path, colour: tuple[int, int, int]) -> int:
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (480, 840, 3)
    return int((pixels == colour).all(axis=2).sum())


def test_both_lines_are_drawn(tmp_path: Path) -> None:
    draw_history(HISTORY, tmp_path / "full.png")
    draw_history((), tmp_path / "empty.png")
    for colour in (BLUE, ORANGE):
        assert inked(tmp_path / "full.png", colour) > inked(tmp_path / "empty.png", colour) > 0


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        draw_history(HISTORY, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
