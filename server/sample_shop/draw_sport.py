"""Outlines of things for sport and play."""

from __future__ import annotations

import math

from server.sample_shop.outline import (
    Drawing,
    Fill,
    arc,
    box,
    line,
    mirrored,
    oval,
    shape,
    smooth,
)  # fmt: skip


def football() -> Drawing:
    """A ball with a dark pentagon in the middle and seams from it."""
    turns = [math.radians(72 * corner - 90) for corner in range(5)]
    inner = [(0.5 + 0.14 * math.cos(turn), 0.5 + 0.14 * math.sin(turn)) for turn in turns]
    outer = [(0.5 + 0.27 * math.cos(turn), 0.5 + 0.27 * math.sin(turn)) for turn in turns]
    edge = [(0.5 + 0.385 * math.cos(turn), 0.5 + 0.385 * math.sin(turn)) for turn in turns]
    return (
        oval(0.5, 0.5, 0.40, 0.40),
        *(line([a, b], width=0.014) for a, b in zip(inner, outer, strict=True)),
        *(line([outer[i], _between(outer[i], outer[(i + 1) % 5])], width=0.014) for i in range(5)),
        *(line([outer[i], _between(outer[i], outer[i - 1])], width=0.014) for i in range(5)),
        *(
            shape(
                _turned(edge[i], -0.22), edge[i], _turned(edge[i], 0.22), outer[i], fill=Fill.DARK
            )
            for i in range(5)
        ),
        shape(*inner, fill=Fill.DARK),
    )


def basketball() -> Drawing:
    """A ball with a cross and two curves."""
    return (
        oval(0.5, 0.5, 0.40, 0.40),
        line([(0.5, 0.10), (0.5, 0.90)], width=0.014, fill=Fill.DARK),
        line([(0.10, 0.5), (0.90, 0.5)], width=0.014, fill=Fill.DARK),
        line(arc(0.02, 0.5, 0.27, 0.34, start=-62, end=62), width=0.014, fill=Fill.DARK),
        line(arc(0.98, 0.5, 0.27, 0.34, start=118, end=242), width=0.014, fill=Fill.DARK),
    )


def yoga_mat() -> Drawing:
    """Half rolled up, from the side."""
    return (
        shape((0.26, 0.62), (0.94, 0.70), (0.86, 0.84), (0.20, 0.78)),
        box(0.12, 0.40, 0.34, 0.80, corner=0.10),
        shape((0.22, 0.40), (0.66, 0.32), (0.68, 0.66), (0.24, 0.80)),
        oval(0.21, 0.60, 0.115, 0.195, fill=Fill.SHADE),
        *(
            line(arc(0.21, 0.60, r, r * 1.7, start=0, end=330), width=0.012, fill=Fill.LIGHT)
            for r in (0.085, 0.055, 0.025)
        ),
    )


def dumbbell() -> Drawing:
    """Two weights on a grip."""
    return (
        line([(0.30, 0.5), (0.70, 0.5)], width=0.07, fill=Fill.METAL),
        *mirrored(box(0.70, 0.28, 0.83, 0.72, corner=0.03)),
        *mirrored(box(0.83, 0.35, 0.92, 0.65, corner=0.025, fill=Fill.SHADE)),
        *mirrored(line([(0.735, 0.32), (0.735, 0.68)], width=0.014, fill=Fill.LIGHT)),
    )


def racket() -> Drawing:
    """An oval of strings on a handle."""
    strings = [
        line([(0.5 + dx * 0.055, 0.34 - _reach(dx)), (0.5 + dx * 0.055, 0.34 + _reach(dx))],
             width=0.006, fill=Fill.METAL)
        for dx in range(-3, 4)
    ]  # fmt: skip
    across = [
        line([(0.31, 0.14 + row * 0.05), (0.69, 0.14 + row * 0.05)], width=0.006, fill=Fill.METAL)
        for row in range(1, 8)
    ]
    return (
        oval(0.5, 0.34, 0.21, 0.27, fill=Fill.CREAM),
        *strings,
        *across,
        line(arc(0.5, 0.34, 0.215, 0.275, start=0, end=360), width=0.042, fill=Fill.BODY),
        line([(0.43, 0.58), (0.5, 0.70), (0.57, 0.58)], width=0.034, fill=Fill.BODY),
        line([(0.5, 0.68), (0.5, 0.94)], width=0.06, fill=Fill.DARK),
    )


def bicycle_helmet() -> Drawing:
    """A shell with vents and a strap."""
    return (
        line([(0.24, 0.60), (0.40, 0.86), (0.62, 0.62)], width=0.022, fill=Fill.DARK),
        smooth((0.10, 0.60), (0.16, 0.36), (0.42, 0.20), (0.72, 0.28), (0.90, 0.52), (0.88, 0.62),
               (0.50, 0.60)),
        smooth((0.24, 0.44), (0.38, 0.31), (0.40, 0.37), (0.28, 0.49), fill=Fill.DARK),
        smooth((0.45, 0.44), (0.50, 0.28), (0.56, 0.29), (0.54, 0.45), fill=Fill.DARK),
        smooth((0.64, 0.44), (0.66, 0.33), (0.73, 0.37), (0.78, 0.48), fill=Fill.DARK),
    )  # fmt: skip


def teddy_bear() -> Drawing:
    """Sitting, from the front."""
    return (
        *mirrored(oval(0.64, 0.15, 0.08, 0.08)),
        *mirrored(oval(0.74, 0.58, 0.09, 0.14)),
        *mirrored(oval(0.68, 0.85, 0.12, 0.10)),
        oval(0.5, 0.65, 0.21, 0.24),
        oval(0.5, 0.66, 0.13, 0.16, fill=Fill.LIGHT),
        oval(0.5, 0.29, 0.21, 0.19),
        oval(0.5, 0.35, 0.09, 0.07, fill=Fill.LIGHT),
        oval(0.5, 0.32, 0.03, 0.022, fill=Fill.DARK),
        *mirrored(oval(0.58, 0.25, 0.02, 0.024, fill=Fill.DARK)),
    )


def _between(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _turned(point: tuple[float, float], by: float) -> tuple[float, float]:
    x, y = point[0] - 0.5, point[1] - 0.5
    cosine, sine = math.cos(by), math.sin(by)
    return 0.5 + x * cosine - y * sine, 0.5 + x * sine + y * cosine


def _reach(column: int) -> float:
    return 0.27 * math.sqrt(max(0.0, 1 - (column * 0.055 / 0.21) ** 2))
