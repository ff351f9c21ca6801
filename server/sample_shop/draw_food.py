"""Outlines of food and drink."""

from __future__ import annotations

from server.sample_shop.outline import Drawing, Fill, arc, box, line, oval, shape, smooth


def apple() -> Drawing:
    """A round fruit with a stem and a leaf."""
    return (
        smooth((0.5, 0.28), (0.68, 0.22), (0.85, 0.40), (0.80, 0.70), (0.62, 0.88), (0.5, 0.85),
               (0.38, 0.88), (0.20, 0.70), (0.15, 0.40), (0.32, 0.22)),
        line([(0.5, 0.30), (0.51, 0.18), (0.56, 0.10)], width=0.026, fill=Fill.WOOD),
        smooth((0.54, 0.19), (0.66, 0.08), (0.76, 0.13), (0.66, 0.20), fill=Fill.LEAF),
        smooth((0.26, 0.40), (0.33, 0.33), (0.36, 0.40), (0.29, 0.52), fill=Fill.LIGHT),
    )  # fmt: skip


def banana() -> Drawing:
    """Two bent fruits joined at the stem."""
    one = ((0.84, 0.12), (0.90, 0.16), (0.86, 0.42), (0.68, 0.68), (0.36, 0.82), (0.12, 0.78),
           (0.10, 0.72), (0.34, 0.66), (0.58, 0.52), (0.76, 0.34))  # fmt: skip
    return (
        smooth(*((x * 0.92 + 0.07, y * 0.86 - 0.02) for x, y in one)),
        smooth(*one),
        line([(0.855, 0.30), (0.66, 0.60), (0.36, 0.745), (0.16, 0.755)], width=0.008),
        shape((0.83, 0.13), (0.85, 0.05), (0.91, 0.06), (0.90, 0.16), fill=Fill.WOOD),
        oval(0.11, 0.75, 0.02, 0.03, fill=Fill.DARK),
    )


def carrot() -> Drawing:
    """A root with green leaves."""
    return (
        *(smooth((0.66, 0.34), (0.66 + dx, 0.08), (0.76 + dx, 0.06), (0.74, 0.32), fill=Fill.LEAF)
          for dx in (-0.06, 0.06, 0.18)),
        smooth((0.60, 0.26), (0.76, 0.36), (0.66, 0.54), (0.34, 0.84), (0.12, 0.93), (0.22, 0.72),
               (0.46, 0.40)),
        line([(0.54, 0.40), (0.60, 0.45)], width=0.010),
        line([(0.42, 0.58), (0.48, 0.62)], width=0.010),
        line([(0.30, 0.70), (0.34, 0.74)], width=0.010),
    )  # fmt: skip


def tomato() -> Drawing:
    """A flat round fruit with a star of leaves."""
    return (
        smooth((0.5, 0.26), (0.76, 0.26), (0.89, 0.50), (0.76, 0.80), (0.5, 0.87), (0.24, 0.80),
               (0.11, 0.50), (0.24, 0.26)),
        shape((0.50, 0.34), (0.68, 0.34), (0.56, 0.26), (0.62, 0.15), (0.50, 0.22), (0.38, 0.15),
              (0.44, 0.26), (0.32, 0.34), fill=Fill.LEAF),
        smooth((0.22, 0.46), (0.29, 0.39), (0.32, 0.45), (0.25, 0.57), fill=Fill.LIGHT),
    )  # fmt: skip


def milk_carton() -> Drawing:
    """A carton with a gable top and a coloured band."""
    return (
        box(0.27, 0.34, 0.73, 0.93, fill=Fill.CREAM),
        shape((0.27, 0.34), (0.36, 0.16), (0.64, 0.16), (0.73, 0.34), fill=Fill.CREAM),
        box(0.36, 0.08, 0.64, 0.16),
        box(0.27, 0.54, 0.73, 0.82),
        line([(0.27, 0.34), (0.73, 0.34)], width=0.012),
        smooth((0.42, 0.68), (0.50, 0.58), (0.58, 0.68), (0.50, 0.77), fill=Fill.CREAM),
    )


def juice_bottle() -> Drawing:
    """A bottle with a label and a screw cap."""
    return (
        box(0.43, 0.05, 0.57, 0.13, corner=0.01, fill=Fill.CREAM),
        smooth((0.44, 0.14), (0.56, 0.14), (0.57, 0.26), (0.68, 0.40), (0.68, 0.88), (0.5, 0.94),
               (0.32, 0.88), (0.32, 0.40), (0.43, 0.26)),
        box(0.315, 0.52, 0.685, 0.76, fill=Fill.CREAM),
        oval(0.5, 0.64, 0.085, 0.085),
    )  # fmt: skip


def bread() -> Drawing:
    """A loaf with cuts on its crust."""
    return (
        smooth((0.07, 0.62), (0.16, 0.40), (0.40, 0.30), (0.66, 0.32), (0.88, 0.44), (0.93, 0.64),
               (0.80, 0.74), (0.20, 0.74)),
        *(line([(0.26 + step * 0.16, 0.54), (0.36 + step * 0.16, 0.37)], width=0.035,
               fill=Fill.LIGHT) for step in range(4)),
    )  # fmt: skip


def cheese() -> Drawing:
    """A wedge with holes."""
    return (
        shape(
            (0.08, 0.52), (0.62, 0.24), (0.92, 0.46), (0.92, 0.52), (0.08, 0.56), fill=Fill.LIGHT
        ),
        shape((0.08, 0.54), (0.92, 0.50), (0.92, 0.78), (0.08, 0.82)),
        oval(0.26, 0.68, 0.06, 0.055, fill=Fill.SHADE),
        oval(0.50, 0.62, 0.045, 0.04, fill=Fill.SHADE),
        oval(0.72, 0.68, 0.07, 0.06, fill=Fill.SHADE),
        oval(0.60, 0.38, 0.045, 0.025, fill=Fill.SHADE),
    )


def jam_jar() -> Drawing:
    """A glass with a checked lid and a label."""
    return (
        box(0.26, 0.28, 0.74, 0.90, corner=0.07),
        box(0.24, 0.12, 0.76, 0.28, corner=0.03, fill=Fill.METAL),
        box(0.32, 0.46, 0.68, 0.74, corner=0.02, fill=Fill.CREAM),
        smooth((0.43, 0.60), (0.50, 0.53), (0.57, 0.60), (0.50, 0.68), fill=Fill.BODY),
        line([(0.31, 0.34), (0.31, 0.80)], width=0.02, fill=Fill.LIGHT),
    )


def ice_cream() -> Drawing:
    """A scoop in a cone."""
    return (
        shape((0.32, 0.46), (0.68, 0.46), (0.5, 0.94), fill=Fill.WOOD),
        smooth((0.28, 0.46), (0.30, 0.24), (0.5, 0.12), (0.70, 0.24), (0.72, 0.46), (0.60, 0.52),
               (0.5, 0.48), (0.40, 0.53)),
        line([(0.38, 0.50), (0.56, 0.78)], width=0.010, fill=Fill.DARK),
        line([(0.62, 0.50), (0.44, 0.78)], width=0.010, fill=Fill.DARK),
        line(arc(0.5, 0.34, 0.13, 0.12, start=200, end=270), width=0.03, fill=Fill.LIGHT),
    )  # fmt: skip
