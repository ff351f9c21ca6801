"""Drawings as pictures: whole, in the colour asked, the same each time."""

from __future__ import annotations

import random
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from server.sample_shop.assortment import KINDS
from server.sample_shop.kind import Kind
from server.sample_shop.outline import box
from server.sample_shop.palette import COLORS, Color, lightness, shaded
from server.sample_shop.picture import SIDE_PIXELS, Pattern, Pose, photograph

STRAIGHT = Pose(
    scale=1.0,
    turn_degrees=0.0,
    shift_x=0.0,
    shift_y=0.0,
    flipped=False,
    light=1.0,
    background=(255, 255, 255),
)
SQUARE = (box(0.25, 0.25, 0.75, 0.75),)


def pixels(picture: bytes) -> npt.NDArray[np.int64]:
    with Image.open(BytesIO(picture), formats=["PNG"]) as image:
        assert (image.mode, image.size) == ("RGB", (SIDE_PIXELS, SIDE_PIXELS))
        return np.asarray(image).astype(np.int64)


@pytest.mark.parametrize("color", COLORS.values(), ids=list(COLORS))
def test_a_body_has_its_color(color: Color) -> None:
    shown = pixels(photograph(SQUARE, color=color.rgb, pattern=Pattern.PLAIN, pose=STRAIGHT))
    middle = shown[SIDE_PIXELS // 2, SIDE_PIXELS // 2]
    # In the middle the light falls at 89 percent.
    assert np.abs(middle - 0.89 * np.array(color.rgb)).max() <= 4
    assert (shown[2, 2] == 255).all()


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        (Pattern.PLAIN, 0.0, 0.001),
        (Pattern.STRIPED, 0.30, 0.45),
        (Pattern.DOTTED, 0.08, 0.20),
        (Pattern.CHECKED, 0.20, 0.30),
    ],
)
def test_a_pattern_covers_a_share_of_the_body(pattern: Pattern, least: float, most: float) -> None:
    picture = photograph(SQUARE, color=COLORS["blue"].rgb, pattern=pattern, pose=STRAIGHT)
    body = pixels(picture)[70:186, 70:186]
    pale = (body.min(axis=2) > 120).mean()
    assert least <= pale <= most


def test_a_second_color_shows_on_white() -> None:
    picture = photograph(SQUARE, color=COLORS["white"].rgb, pattern=Pattern.STRIPED, pose=STRAIGHT)
    body = pixels(picture)[70:186, 70:186]
    assert 0.30 <= (body.max(axis=2) < 120).mean() <= 0.45


@pytest.mark.parametrize("kind", KINDS, ids=[kind.key for kind in KINDS])
def test_every_kind_is_drawn_inside_the_frame(kind: Kind) -> None:
    points = np.array([point for part in kind.drawing() for point in part.points])
    assert points.min() >= 0.0
    assert points.max() <= 1.0
    assert points.max() - points.min() > 0.6
    picture = photograph(
        kind.drawing(), color=COLORS["red"].rgb, pattern=Pattern.PLAIN, pose=STRAIGHT
    )
    red = pixels(picture)
    share = ((red[..., 0] > 110) & (red[..., 1] < 90) & (red[..., 2] < 90)).mean()
    assert share > 0.02


def test_the_same_arguments_give_the_same_bytes() -> None:
    pose = Pose.drawn(random.Random(5))
    first, second = (
        photograph(SQUARE, color=(9, 99, 199), pattern=Pattern.DOTTED, pose=pose) for _ in "12"
    )
    assert first == second


def test_poses_differ_and_keep_the_product_in_the_frame() -> None:
    source = random.Random(5)
    poses = [Pose.drawn(source) for _ in range(200)]
    assert len(set(poses)) == 200
    assert all(0.8 <= pose.scale <= 0.96 and abs(pose.turn_degrees) <= 7 for pose in poses)
    assert {pose.flipped for pose in poses} == {True, False}


def test_shades() -> None:
    assert shaded((200, 100, 50), by=0.5) == (100, 50, 25)
    assert shaded((55, 155, 255), by=1.5) == (155, 205, 255)
    assert lightness((255, 255, 255)) == pytest.approx(1.0)
    assert lightness((255, 0, 0)) == pytest.approx(0.2126)
