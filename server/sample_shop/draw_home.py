"""Outlines of furniture and of things for the home."""

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
    symmetric,
)  # fmt: skip


def table_lamp() -> Drawing:
    """A shade on a stem and a foot."""
    return (
        line([(0.5, 0.40), (0.5, 0.84)], width=0.035, fill=Fill.METAL),
        oval(0.5, 0.86, 0.17, 0.045, fill=Fill.METAL),
        symmetric((0.62, 0.12), (0.80, 0.50)),
        line([(0.20, 0.485), (0.80, 0.485)], width=0.014),
    )


def chair() -> Drawing:
    """A back, a seat and four wooden legs."""
    return (
        line([(0.38, 0.60), (0.36, 0.84)], width=0.03, fill=Fill.WOOD),
        line([(0.68, 0.58), (0.72, 0.82)], width=0.03, fill=Fill.WOOD),
        box(0.28, 0.10, 0.62, 0.54, corner=0.06),
        shape((0.26, 0.52), (0.62, 0.50), (0.78, 0.58), (0.76, 0.64), (0.34, 0.68), (0.26, 0.60)),
        line([(0.30, 0.64), (0.27, 0.93)], width=0.035, fill=Fill.WOOD),
        line([(0.70, 0.64), (0.74, 0.91)], width=0.035, fill=Fill.WOOD),
        line([(0.28, 0.55), (0.62, 0.53), (0.77, 0.60)], width=0.010),
    )


def sofa() -> Drawing:
    """Two seats between wide arms."""
    return (
        *mirrored(box(0.84, 0.76, 0.88, 0.84, fill=Fill.WOOD)),
        box(0.14, 0.28, 0.86, 0.66, corner=0.07),
        box(0.17, 0.52, 0.83, 0.74, corner=0.03),
        *mirrored(box(0.80, 0.44, 0.94, 0.77, corner=0.05, fill=Fill.SHADE)),
        line([(0.5, 0.31), (0.5, 0.73)], width=0.010),
        line([(0.20, 0.54), (0.80, 0.54)], width=0.012),
    )


def cushion() -> Drawing:
    """A square pillow with pulled corners."""
    return (
        smooth(
            (0.13, 0.15), (0.32, 0.20), (0.5, 0.19), (0.68, 0.20), (0.87, 0.15), (0.81, 0.34),
            (0.83, 0.5), (0.81, 0.68), (0.87, 0.85), (0.68, 0.81), (0.5, 0.82), (0.32, 0.81),
            (0.13, 0.85), (0.19, 0.68), (0.17, 0.5), (0.19, 0.34),
        ),
        *mirrored(line([(0.84, 0.18), (0.74, 0.27)], width=0.008)),
        *mirrored(line([(0.84, 0.82), (0.74, 0.74)], width=0.008)),
    )  # fmt: skip


def vase() -> Drawing:
    """A belly, a narrow neck and a few stems."""
    return (
        *mirrored(line([(0.52, 0.30), (0.62, 0.06)], width=0.014, fill=Fill.LEAF)),
        line([(0.5, 0.30), (0.49, 0.04)], width=0.014, fill=Fill.LEAF),
        *mirrored(smooth((0.60, 0.10), (0.68, 0.04), (0.64, 0.14), fill=Fill.LEAF)),
        smooth(
            (0.42, 0.28), (0.58, 0.28), (0.57, 0.38), (0.70, 0.58), (0.64, 0.84), (0.58, 0.92),
            (0.42, 0.92), (0.36, 0.84), (0.30, 0.58), (0.43, 0.38),
        ),
        oval(0.5, 0.285, 0.085, 0.022, fill=Fill.SHADE),
    )  # fmt: skip


def wall_clock() -> Drawing:
    """A round face with twelve marks."""
    marks = [math.radians(30 * hour) for hour in range(12)]
    return (
        oval(0.5, 0.5, 0.40, 0.40),
        oval(0.5, 0.5, 0.33, 0.33, fill=Fill.CREAM),
        *(
            line([(0.5 + 0.26 * math.cos(turn), 0.5 + 0.26 * math.sin(turn)),
                  (0.5 + 0.30 * math.cos(turn), 0.5 + 0.30 * math.sin(turn))],
                 width=0.022, fill=Fill.DARK)
            for turn in marks
        ),
        line([(0.5, 0.5), (0.5, 0.26)], width=0.022, fill=Fill.DARK),
        line([(0.5, 0.5), (0.66, 0.58)], width=0.028, fill=Fill.DARK),
        oval(0.5, 0.5, 0.024, 0.024, fill=Fill.SHADE),
    )  # fmt: skip


def candle() -> Drawing:
    """A pillar of wax with a flame."""
    return (
        line([(0.5, 0.30), (0.5, 0.21)], width=0.014, fill=Fill.DARK),
        smooth((0.5, 0.06), (0.545, 0.16), (0.5, 0.22), (0.455, 0.16), fill=Fill.CREAM),
        box(0.33, 0.30, 0.67, 0.88, corner=0.03),
        oval(0.5, 0.305, 0.17, 0.04, fill=Fill.LIGHT),
        smooth(
            (0.35, 0.32), (0.38, 0.31), (0.39, 0.46), (0.365, 0.50), (0.35, 0.44), fill=Fill.LIGHT
        ),
    )


def towel() -> Drawing:
    """Hung over a rail, folded once."""
    return (
        line([(0.08, 0.16), (0.92, 0.16)], width=0.03, fill=Fill.METAL),
        box(0.24, 0.14, 0.78, 0.74, corner=0.02, fill=Fill.SHADE),
        box(0.22, 0.14, 0.74, 0.88, corner=0.02),
        line([(0.22, 0.76), (0.74, 0.76)], width=0.02),
        line([(0.22, 0.81), (0.74, 0.81)], width=0.02),
        *(line([(x / 100, 0.88), (x / 100, 0.91)], width=0.008) for x in range(24, 74, 4)),
    )


def mirror_frame() -> Drawing:
    """An arched glass in a frame."""
    arch = arc(0.5, 0.38, 0.28, 0.30, start=180, end=360)
    inner = arc(0.5, 0.38, 0.225, 0.245, start=180, end=360)
    return (
        shape(*arch, (0.78, 0.92), (0.22, 0.92)),
        shape(*inner, (0.725, 0.865), (0.275, 0.865), fill=Fill.GLASS),
        line([(0.36, 0.62), (0.60, 0.30)], width=0.03, fill=Fill.CREAM),
        line([(0.46, 0.66), (0.62, 0.44)], width=0.016, fill=Fill.CREAM),
    )
