"""Outlines: a few worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from server.sample_shop.outline import arc, box, line, mirrored, oval, shape, smooth, symmetric


def test_a_box_without_corners_is_four_points() -> None:
    assert box(0.1, 0.2, 0.3, 0.4).points == ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4), (0.1, 0.4))


def test_round_corners_stay_inside_the_box() -> None:
    points = box(0.1, 0.2, 0.5, 0.8, corner=0.1).points
    assert min(x for x, _ in points) == pytest.approx(0.1)
    assert max(x for x, _ in points) == pytest.approx(0.5)
    assert min(y for _, y in points) == pytest.approx(0.2)
    assert max(y for _, y in points) == pytest.approx(0.8)
    assert (0.1, 0.2) not in points


def test_an_oval_keeps_its_radii() -> None:
    for x, y in oval(0.5, 0.4, 0.2, 0.1).points:
        assert ((x - 0.5) / 0.2) ** 2 + ((y - 0.4) / 0.1) ** 2 == pytest.approx(1)


def test_an_arc_goes_clockwise_from_the_right() -> None:
    points = arc(0.5, 0.5, 0.4, 0.4, start=0, end=90)
    assert points[0] == pytest.approx((0.9, 0.5))
    assert points[-1] == pytest.approx((0.5, 0.9))


def test_a_smooth_curve_goes_through_its_points() -> None:
    corners = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
    curve = smooth(*corners).points
    assert len(curve) == 32
    assert np.array(curve[::8]) == pytest.approx(np.array(corners))
    # Halfway between two corners of a square the spline bulges by an eighth of its side.
    assert curve[4] == pytest.approx((0.5, 0.2 - 0.075))


def test_mirror_images() -> None:
    left = mirrored(line([(0.6, 0.1), (0.7, 0.2)], width=0.02))[1]
    assert np.array(left.points) == pytest.approx(np.array([(0.3, 0.2), (0.4, 0.1)]))
    assert left.width == 0.02
    both = symmetric((0.6, 0.1), (0.7, 0.9))
    whole = shape((0.6, 0.1), (0.7, 0.9), (0.3, 0.9), (0.4, 0.1))
    assert np.array(both.points) == pytest.approx(np.array(whole.points))
