"""Outlines in the unit square: what drawings of the sample shop are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]


class Fill(StrEnum):
    """What an outline is filled with. Only BODY shows the product's pattern."""

    BODY = "body"
    SHADE = "shade"
    LIGHT = "light"
    DARK = "dark"
    METAL = "metal"
    CREAM = "cream"
    WOOD = "wood"
    LEAF = "leaf"
    GLASS = "glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One filled polygon, or a line of ``width`` where that is above 0.

    Points have x from left and y from the top, both 0 to 1.
    """

    points: tuple[Point, ...]
    fill: Fill
    width: float = 0.0


Drawing = tuple[Part, ...]
"""Parts from the back to the front."""


def shape(*points: Point, fill: Fill = Fill.BODY) -> Part:
    """A polygon with straight edges."""
    return Part(points=points, fill=fill)


def smooth(*points: Point, fill: Fill = Fill.BODY) -> Part:
    """A closed curve through the points: a uniform Catmull-Rom spline."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count):
        four = [points[(index + offset) % count] for offset in (-1, 0, 1, 2)]
        curve.extend(_catmull_rom(four, share=step / 8) for step in range(8))
    return Part(points=tuple(curve), fill=fill)


def oval(x: float, y: float, radius_x: float, radius_y: float, *, fill: Fill = Fill.BODY) -> Part:
    """An ellipse by its centre."""
    turns = [2 * math.pi * step / 48 for step in range(48)]
    points = tuple((x + radius_x * math.cos(turn), y + radius_y * math.sin(turn)) for turn in turns)
    return Part(points=points, fill=fill)


def arc(
    x: float, y: float, radius_x: float, radius_y: float, *, start: float, end: float
) -> tuple[Point, ...]:
    """Points along an ellipse between two angles in degrees, clockwise from the right."""
    turns = [math.radians(start + (end - start) * step / 24) for step in range(25)]
    return tuple((x + radius_x * math.cos(turn), y + radius_y * math.sin(turn)) for turn in turns)


def box(
    left: float, top: float, right: float, bottom: float, *, corner: float = 0.0,
    fill: Fill = Fill.BODY,
) -> Part:  # fmt: skip
    """A rectangle, its corners rounded by ``corner``."""
    if corner <= 0:
        return shape((left, top), (right, top), (right, bottom), (left, bottom), fill=fill)
    points = (
        *arc(right - corner, top + corner, corner, corner, start=-90, end=0),
        *arc(right - corner, bottom - corner, corner, corner, start=0, end=90),
        *arc(left + corner, bottom - corner, corner, corner, start=90, end=180),
        *arc(left + corner, top + corner, corner, corner, start=180, end=270),
    )
    return Part(points=points, fill=fill)


def line(points: Sequence[Point], *, width: float, fill: Fill = Fill.SHADE) -> Part:
    """A line through the points."""
    return Part(points=tuple(points), fill=fill, width=width)


def mirrored(*parts: Part) -> tuple[Part, ...]:
    """The parts and their mirror images about the middle, x = 0.5."""
    flipped = (
        Part(
            points=tuple((1 - x, y) for x, y in reversed(part.points)),
            fill=part.fill,
            width=part.width,
        )
        for part in parts
    )
    return (*parts, *flipped)


def symmetric(*half: Point, fill: Fill = Fill.BODY) -> Part:
    """A polygon from its right half, given from the top to the bottom."""
    return shape(*half, *((1 - x, y) for x, y in reversed(half)), fill=fill)


def _catmull_rom(four: Sequence[Point], *, share: float) -> Point:
    square, cube = share**2, share**3
    weights = (
        (-cube + 2 * square - share) / 2,
        (3 * cube - 5 * square + 2) / 2,
        (-3 * cube + 4 * square + share) / 2,
        (cube - square) / 2,
    )
    x = sum(weight * point[0] for weight, point in zip(weights, four, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, four, strict=True))
    return x, y
