"""Outlines of bags, hats, watches and what else is worn or carried."""

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


def backpack() -> Drawing:
    """A round top, a handle, a front pocket."""
    return (
        *mirrored(line([(0.72, 0.36), (0.83, 0.50), (0.80, 0.78)], width=0.05, fill=Fill.SHADE)),
        line(arc(0.5, 0.15, 0.09, 0.08, start=180, end=360), width=0.03, fill=Fill.DARK),
        box(0.26, 0.14, 0.74, 0.90, corner=0.15),
        line(arc(0.5, 0.42, 0.20, 0.18, start=180, end=360), width=0.016),
        box(0.32, 0.54, 0.68, 0.83, corner=0.05, fill=Fill.SHADE),
        line([(0.34, 0.61), (0.66, 0.61)], width=0.016, fill=Fill.METAL),
        box(0.47, 0.61, 0.53, 0.66, corner=0.01, fill=Fill.METAL),
    )


def handbag() -> Drawing:
    """A trapeze with two handles and a clasp."""
    return (
        line(arc(0.5, 0.42, 0.19, 0.28, start=180, end=360), width=0.035, fill=Fill.SHADE),
        symmetric((0.72, 0.40), (0.84, 0.84)),
        symmetric((0.72, 0.40), (0.75, 0.53), (0.5, 0.61), fill=Fill.SHADE),
        box(0.46, 0.56, 0.54, 0.65, corner=0.02, fill=Fill.METAL),
    )


def cap() -> Drawing:
    """A baseball cap from the side."""
    return (
        smooth((0.16, 0.62), (0.18, 0.40), (0.40, 0.24), (0.60, 0.36), (0.68, 0.60), (0.42, 0.64)),
        smooth(
            (0.50, 0.60), (0.70, 0.56), (0.93, 0.62), (0.94, 0.67), (0.70, 0.67), fill=Fill.SHADE
        ),
        oval(0.41, 0.265, 0.028, 0.018, fill=Fill.SHADE),
        line([(0.41, 0.27), (0.50, 0.42), (0.53, 0.62)], width=0.008),
        line([(0.41, 0.27), (0.28, 0.42), (0.25, 0.62)], width=0.008),
    )


def watch() -> Drawing:
    """A round dial on a strap."""
    hands = [(0.5 + 0.145 * math.cos(turn), 0.5 + 0.145 * math.sin(turn)) for turn in
             (math.radians(30 * hour) for hour in range(12))]  # fmt: skip
    return (
        symmetric((0.57, 0.06), (0.60, 0.34), (0.60, 0.66), (0.57, 0.94)),
        *(line([(0.47, y), (0.53, y)], width=0.012) for y in (0.12, 0.18, 0.82, 0.88)),
        box(0.68, 0.475, 0.74, 0.525, corner=0.01, fill=Fill.METAL),
        oval(0.5, 0.5, 0.205, 0.205, fill=Fill.METAL),
        oval(0.5, 0.5, 0.17, 0.17, fill=Fill.CREAM),
        *(oval(x, y, 0.009, 0.009, fill=Fill.DARK) for x, y in hands),
        line([(0.5, 0.5), (0.5, 0.38)], width=0.014, fill=Fill.DARK),
        line([(0.5, 0.5), (0.58, 0.55)], width=0.018, fill=Fill.DARK),
    )


def umbrella() -> Drawing:
    """Open, from the side, with a bent handle."""
    handle = [(0.5, 0.12), (0.5, 0.80), *arc(0.56, 0.80, 0.06, 0.07, start=180, end=0)]
    scallops = [
        point
        for centre in (0.815, 0.605, 0.395, 0.185)
        for point in arc(centre, 0.52, 0.105, 0.05, start=0, end=-180)
    ]
    return (
        line(handle, width=0.025, fill=Fill.WOOD),
        shape(*arc(0.5, 0.52, 0.42, 0.38, start=180, end=360), *scallops),
        *mirrored(line([(0.5, 0.14), (0.605, 0.28), (0.71, 0.51)], width=0.009)),
        line([(0.5, 0.14), (0.5, 0.51)], width=0.009),
    )


def sunglasses() -> Drawing:
    """Two dark lenses in a coloured frame."""
    return (
        *mirrored(line([(0.88, 0.42), (0.95, 0.52), (0.93, 0.64)], width=0.028, fill=Fill.SHADE)),
        *mirrored(box(0.53, 0.38, 0.90, 0.66, corner=0.11)),
        *mirrored(box(0.565, 0.415, 0.865, 0.625, corner=0.085, fill=Fill.DARK)),
        *mirrored(line([(0.64, 0.56), (0.72, 0.46)], width=0.02, fill=Fill.GLASS)),
        line(arc(0.5, 0.49, 0.05, 0.05, start=180, end=360), width=0.03, fill=Fill.SHADE),
    )


def scarf() -> Drawing:
    """Wound once, both ends hanging, with fringes."""
    return (
        shape((0.50, 0.40), (0.68, 0.38), (0.76, 0.86), (0.58, 0.88)),
        shape((0.34, 0.38), (0.50, 0.38), (0.46, 0.92), (0.28, 0.90)),
        smooth((0.20, 0.30), (0.35, 0.14), (0.65, 0.14), (0.80, 0.30), (0.66, 0.46), (0.36, 0.46)),
        smooth((0.34, 0.27), (0.50, 0.20), (0.66, 0.27), (0.50, 0.33), fill=Fill.SHADE),
        *(line([(0.30 + step * 0.035, 0.90), (0.295 + step * 0.035, 0.96)], width=0.012)
          for step in range(5)),
        *(line([(0.60 + step * 0.035, 0.87), (0.605 + step * 0.035, 0.93)], width=0.012)
          for step in range(5)),
    )  # fmt: skip
