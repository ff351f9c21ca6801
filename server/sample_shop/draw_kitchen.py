"""Outlines of things for the kitchen and the table."""

from __future__ import annotations

from server.sample_shop.outline import Drawing, Fill, arc, box, line, oval, shape, smooth


def mug() -> Drawing:
    """A cylinder with an ear."""
    return (
        line(arc(0.70, 0.52, 0.17, 0.17, start=-85, end=85), width=0.06, fill=Fill.SHADE),
        box(0.20, 0.24, 0.71, 0.84, corner=0.05),
        oval(0.455, 0.25, 0.255, 0.06, fill=Fill.LIGHT),
        oval(0.455, 0.262, 0.215, 0.042, fill=Fill.DARK),
    )


def plate() -> Drawing:
    """A round plate from above."""
    return (
        oval(0.5, 0.5, 0.42, 0.42),
        oval(0.5, 0.5, 0.30, 0.30, fill=Fill.SHADE),
        oval(0.5, 0.5, 0.285, 0.285, fill=Fill.LIGHT),
    )


def bowl() -> Drawing:
    """Half a sphere on a foot, from the side."""
    return (
        box(0.40, 0.74, 0.60, 0.82, fill=Fill.SHADE),
        shape(*arc(0.5, 0.38, 0.38, 0.40, start=0, end=180)),
        oval(0.5, 0.38, 0.38, 0.085, fill=Fill.LIGHT),
        oval(0.5, 0.39, 0.33, 0.062, fill=Fill.SHADE),
    )


def frying_pan() -> Drawing:
    """A round pan from above with a long handle."""
    return (
        line([(0.62, 0.38), (0.93, 0.08)], width=0.075, fill=Fill.DARK),
        oval(0.40, 0.60, 0.33, 0.33),
        oval(0.40, 0.60, 0.27, 0.27, fill=Fill.DARK),
        line(arc(0.40, 0.60, 0.21, 0.21, start=200, end=280), width=0.018, fill=Fill.METAL),
    )


def cooking_pot() -> Drawing:
    """A pot with a lid and two ears."""
    return (
        line(arc(0.17, 0.56, 0.07, 0.06, start=90, end=270), width=0.035, fill=Fill.DARK),
        line(arc(0.83, 0.56, 0.07, 0.06, start=-90, end=90), width=0.035, fill=Fill.DARK),
        box(0.17, 0.44, 0.83, 0.86, corner=0.06),
        shape(*arc(0.5, 0.44, 0.35, 0.15, start=180, end=360), fill=Fill.LIGHT),
        oval(0.5, 0.27, 0.05, 0.035, fill=Fill.DARK),
        line([(0.15, 0.445), (0.85, 0.445)], width=0.024),
    )


def kettle() -> Drawing:
    """A belly, a spout and a handle over the top."""
    return (
        line(arc(0.48, 0.36, 0.22, 0.24, start=180, end=360), width=0.045, fill=Fill.DARK),
        shape((0.68, 0.58), (0.90, 0.36), (0.95, 0.41), (0.72, 0.76)),
        smooth((0.26, 0.40), (0.48, 0.34), (0.70, 0.40), (0.80, 0.70), (0.74, 0.84), (0.22, 0.84),
               (0.16, 0.70)),
        oval(0.48, 0.39, 0.16, 0.04, fill=Fill.SHADE),
        oval(0.48, 0.345, 0.035, 0.03, fill=Fill.DARK),
    )  # fmt: skip


def wine_glass() -> Drawing:
    """A goblet half full."""
    return (
        line([(0.5, 0.55), (0.5, 0.88)], width=0.022, fill=Fill.METAL),
        oval(0.5, 0.89, 0.16, 0.032, fill=Fill.METAL),
        smooth(
            (0.34, 0.12), (0.66, 0.12), (0.70, 0.34), (0.5, 0.58), (0.30, 0.34), fill=Fill.GLASS
        ),
        smooth(
            (0.315, 0.33), (0.5, 0.345), (0.685, 0.33), (0.62, 0.47), (0.5, 0.555), (0.38, 0.47)
        ),
        oval(0.5, 0.335, 0.19, 0.035, fill=Fill.SHADE),
    )


def water_bottle() -> Drawing:
    """A sports bottle with a screw cap."""
    return (
        box(0.42, 0.06, 0.58, 0.18, corner=0.02, fill=Fill.DARK),
        smooth((0.42, 0.20), (0.58, 0.20), (0.66, 0.32), (0.66, 0.60), (0.66, 0.90), (0.5, 0.93),
               (0.34, 0.90), (0.34, 0.60), (0.34, 0.32)),
        line([(0.345, 0.38), (0.655, 0.38)], width=0.016),
        line([(0.345, 0.78), (0.655, 0.78)], width=0.016),
        line([(0.41, 0.42), (0.41, 0.74)], width=0.025, fill=Fill.LIGHT),
    )  # fmt: skip
