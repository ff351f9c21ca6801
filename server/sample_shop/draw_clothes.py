"""Outlines of clothes and shoes."""

from __future__ import annotations

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


def t_shirt() -> Drawing:
    """Short sleeves, round neck."""
    return (
        symmetric(
            (0.60, 0.14), (0.70, 0.17), (0.93, 0.36), (0.82, 0.49), (0.72, 0.40), (0.73, 0.88)
        ),
        shape(*arc(0.5, 0.14, 0.105, 0.09, start=0, end=180), fill=Fill.CREAM),
        line(arc(0.5, 0.14, 0.115, 0.10, start=0, end=180), width=0.022),
        *mirrored(line([(0.72, 0.40), (0.71, 0.28)], width=0.008)),
        *mirrored(line([(0.915, 0.345), (0.805, 0.475)], width=0.008)),
    )


def hoodie() -> Drawing:
    """Long sleeves, a hood with strings, a pouch."""
    return (
        symmetric(
            (0.60, 0.20), (0.74, 0.27), (0.88, 0.78), (0.77, 0.81), (0.71, 0.52), (0.71, 0.88)
        ),
        smooth((0.35, 0.28), (0.36, 0.12), (0.5, 0.06), (0.64, 0.12), (0.65, 0.28), (0.5, 0.34)),
        oval(0.5, 0.205, 0.095, 0.095, fill=Fill.SHADE),
        *mirrored(line([(0.54, 0.29), (0.55, 0.46)], width=0.013, fill=Fill.CREAM)),
        *mirrored(line([(0.71, 0.52), (0.69, 0.38)], width=0.008)),
        line([(0.37, 0.78), (0.41, 0.60), (0.59, 0.60), (0.63, 0.78), (0.37, 0.78)], width=0.012),
        line([(0.29, 0.85), (0.71, 0.85)], width=0.012),
        *mirrored(line([(0.755, 0.765), (0.875, 0.735)], width=0.012)),
    )


def jacket() -> Drawing:
    """Long sleeves, a collar, a zip and two pockets."""
    return (
        symmetric(
            (0.58, 0.15), (0.73, 0.21), (0.89, 0.75), (0.78, 0.79), (0.71, 0.48), (0.72, 0.88)
        ),
        *mirrored(shape((0.5, 0.23), (0.58, 0.10), (0.66, 0.19), (0.56, 0.31), fill=Fill.SHADE)),
        line([(0.5, 0.24), (0.5, 0.88)], width=0.022, fill=Fill.METAL),
        *mirrored(line([(0.58, 0.68), (0.65, 0.58)], width=0.016)),
        *mirrored(line([(0.71, 0.48), (0.69, 0.34)], width=0.008)),
        line([(0.285, 0.84), (0.715, 0.84)], width=0.012),
        *mirrored(line([(0.77, 0.745), (0.885, 0.71)], width=0.012)),
    )


def trousers() -> Drawing:
    """Two long legs and a waistband."""
    return (
        symmetric((0.665, 0.08), (0.74, 0.92), (0.575, 0.92), (0.505, 0.34)),
        line([(0.335, 0.145), (0.665, 0.145)], width=0.012),
        line([(0.5, 0.145), (0.5, 0.33)], width=0.010),
        *mirrored(line([(0.60, 0.15), (0.665, 0.26)], width=0.010)),
        *mirrored(line([(0.655, 0.30), (0.66, 0.90)], width=0.006)),
    )


def shorts() -> Drawing:
    """Two short legs and a waistband with a string."""
    return (
        symmetric((0.71, 0.22), (0.83, 0.76), (0.565, 0.79), (0.505, 0.50)),
        line([(0.285, 0.30), (0.715, 0.30)], width=0.014),
        *mirrored(line([(0.505, 0.30), (0.53, 0.42)], width=0.013, fill=Fill.CREAM)),
        *mirrored(line([(0.82, 0.72), (0.56, 0.75)], width=0.008)),
    )


def dress() -> Drawing:
    """Thin straps, a waist and a wide skirt."""
    return (
        *mirrored(line([(0.58, 0.20), (0.56, 0.07)], width=0.026, fill=Fill.SHADE)),
        symmetric(
            (0.53, 0.23), (0.61, 0.17), (0.63, 0.28), (0.585, 0.44), (0.80, 0.90), (0.66, 0.93)
        ),
        line([(0.415, 0.44), (0.585, 0.44)], width=0.028),
        *mirrored(line([(0.55, 0.47), (0.64, 0.91)], width=0.007)),
    )


def skirt() -> Drawing:
    """A waistband and pleats."""
    return (
        symmetric((0.63, 0.20), (0.85, 0.78), (0.68, 0.82)),
        box(0.365, 0.17, 0.635, 0.24, corner=0.01, fill=Fill.SHADE),
        line([(0.5, 0.25), (0.5, 0.81)], width=0.009),
        *mirrored(line([(0.56, 0.25), (0.66, 0.81)], width=0.009)),
    )


def socks() -> Drawing:
    """A pair, heels and toes darker."""
    one = ((0.36, 0.12), (0.54, 0.12), (0.54, 0.60), (0.50, 0.72), (0.30, 0.83), (0.17, 0.80),
           (0.16, 0.71), (0.36, 0.57))  # fmt: skip
    return (
        shape(*((x + 0.28, y + 0.04) for x, y in one)),
        line([(0.64, 0.225), (0.82, 0.225)], width=0.02),
        shape(*one),
        line([(0.36, 0.185), (0.54, 0.185)], width=0.02),
        smooth((0.17, 0.80), (0.155, 0.72), (0.22, 0.685), (0.27, 0.82), fill=Fill.SHADE),
        smooth((0.545, 0.62), (0.45, 0.60), (0.44, 0.70), (0.50, 0.72), fill=Fill.SHADE),
    )


def sneaker() -> Drawing:
    """A low shoe from the side, laces and a pale sole."""
    return (
        smooth(
            (0.08, 0.66), (0.08, 0.44), (0.15, 0.37), (0.28, 0.42), (0.40, 0.34), (0.50, 0.42),
            (0.68, 0.55), (0.89, 0.60), (0.94, 0.68), (0.60, 0.71), (0.30, 0.71),
        ),
        box(0.06, 0.66, 0.95, 0.75, corner=0.035, fill=Fill.CREAM),
        line([(0.07, 0.715), (0.94, 0.715)], width=0.012),
        *(
            line([(0.42 + step * 0.065, 0.385 + step * 0.05),
                  (0.36 + step * 0.065, 0.465 + step * 0.04)], width=0.022, fill=Fill.CREAM)
            for step in range(4)
        ),
        line([(0.14, 0.62), (0.30, 0.55), (0.46, 0.63)], width=0.03, fill=Fill.CREAM),
        smooth((0.80, 0.575), (0.92, 0.62), (0.93, 0.66), (0.76, 0.66), fill=Fill.SHADE),
    )  # fmt: skip


def boot() -> Drawing:
    """A high shaft, a heel and laces."""
    return (
        shape(
            (0.30, 0.10), (0.58, 0.10), (0.57, 0.52), (0.72, 0.60), (0.86, 0.68), (0.88, 0.80),
            (0.29, 0.80), (0.31, 0.50),
        ),
        shape((0.28, 0.80), (0.89, 0.80), (0.89, 0.86), (0.46, 0.86), (0.45, 0.90), (0.28, 0.90),
              fill=Fill.DARK),
        *(line([(0.47, 0.20 + step * 0.08), (0.575, 0.18 + step * 0.08)], width=0.016,
               fill=Fill.CREAM) for step in range(5)),
        line([(0.30, 0.135), (0.58, 0.135)], width=0.02),
        line([(0.70, 0.60), (0.66, 0.79)], width=0.012),
    )  # fmt: skip
