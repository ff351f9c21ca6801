"""A drawing to a product photograph of sorts: colour, pattern, light, shadow and background."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from server.sample_shop.chance import happens
from server.sample_shop.outline import Drawing, Fill, Part
from server.sample_shop.palette import Rgb, lightness, shaded

SIDE_PIXELS = 256
_WORK = 2 * SIDE_PIXELS  # drawn at twice the size and halved: smooth edges
_BACKGROUNDS: tuple[Rgb, ...] = (
    (255, 255, 255), (250, 250, 248), (240, 242, 245), (246, 241, 234), (233, 238, 236),
)  # fmt: skip
_DARK, _PALE = 0.2, 0.75
_SHADOW_STRENGTH = [round(0.35 * value) for value in range(256)]
_LIGHT_LEFT = [round(255 - 0.22 * value) for value in range(256)]
_FIXED: dict[Fill, Rgb] = {
    Fill.DARK: (45, 45, 48),
    Fill.METAL: (160, 165, 172),
    Fill.CREAM: (248, 244, 234),
    Fill.WOOD: (150, 105, 62),
    Fill.LEAF: (70, 140, 60),
    Fill.GLASS: (214, 230, 238),
}


class Pattern(StrEnum):
    """What the body of a product is covered with."""

    PLAIN = "plain"
    STRIPED = "striped"
    DOTTED = "dotted"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How a product is put before the camera: what differs between two pictures of one product."""

    scale: float
    turn_degrees: float
    shift_x: float
    shift_y: float
    flipped: bool
    light: float
    background: Rgb

    @classmethod
    def drawn(cls, random_: random.Random) -> Pose:
        """A pose by chance, upright and whole in the frame."""
        return cls(
            scale=random_.uniform(0.80, 0.96),
            turn_degrees=random_.uniform(-7, 7),
            shift_x=random_.uniform(-0.02, 0.02),
            shift_y=random_.uniform(-0.02, 0.02),
            flipped=happens(0.5, by=random_),
            light=random_.uniform(0.92, 1.04),
            background=random_.choice(_BACKGROUNDS),
        )


def photograph(drawing: Drawing, *, color: Rgb, pattern: Pattern, pose: Pose) -> bytes:
    """Render a drawing.

    Returns:
        A PNG file, RGB, ``SIDE_PIXELS`` square. The same arguments give the same pixels.
    """
    outlines = [(part, _placed(part, pose=pose)) for part in drawing]
    silhouette = Image.new("L", (_WORK, _WORK), 0)
    stencil = ImageDraw.Draw(silhouette)
    for part, points in outlines:
        _trace(stencil, points, width=part.width, paint=255)
    picture = _ground(silhouette, background=pose.background)
    body = _texture(shaded(color, by=pose.light), pattern=pattern)
    brush = ImageDraw.Draw(picture)
    for part, points in outlines:
        if part.fill is Fill.BODY:
            mask = Image.new("L", (_WORK, _WORK), 0)
            _trace(ImageDraw.Draw(mask), points, width=part.width, paint=255)
            if frame := mask.getbbox():
                picture.paste(body.crop(frame), frame, mask=mask.crop(frame))
            if not part.width:
                _edge(brush, points, paint=shaded(color, by=0.62))
        else:
            _trace(brush, points, width=part.width, paint=_paint(part.fill, color=color))
    stored = BytesIO()
    finished = _shading(picture.reduce(2), silhouette.reduce(2))
    finished.save(stored, "PNG", compress_level=4)
    return stored.getvalue()


def _placed(part: Part, *, pose: Pose) -> list[tuple[float, float]]:
    turn = math.radians(pose.turn_degrees)
    cosine, sine = math.cos(turn) * pose.scale, math.sin(turn) * pose.scale
    placed = []
    for x, y in part.points:
        across, down = (0.5 - x if pose.flipped else x - 0.5), y - 0.5
        right = 0.5 + pose.shift_x + across * cosine - down * sine
        below = 0.5 + pose.shift_y + across * sine + down * cosine
        placed.append((right * _WORK, below * _WORK))
    return placed


def _trace(
    brush: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], *, width: float,
    paint: int | Rgb,
) -> None:  # fmt: skip
    if width:
        brush.line(points, fill=paint, width=max(1, round(width * _WORK)), joint="curve")
    else:
        brush.polygon(points, fill=paint)


def _edge(brush: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], *, paint: Rgb) -> None:
    brush.line([*points, points[0]], fill=paint, width=3)


def _paint(fill: Fill, *, color: Rgb) -> Rgb:
    if fill is Fill.SHADE:
        # Black has no darker shade to show a seam with.
        return shaded(color, by=0.72) if lightness(color) > _DARK else shaded(color, by=1.22)
    if fill is Fill.LIGHT:
        return shaded(color, by=1.35)
    return _FIXED[fill]


@functools.cache
def _falling(side: int) -> Image.Image:
    """Black above to white below."""
    return Image.linear_gradient("L").resize((side, side))


@functools.cache
def _wall(background: Rgb) -> Image.Image:
    """The background, a little darker below."""
    lower = Image.new("RGB", (_WORK, _WORK), shaded(background, by=0.93))
    return Image.composite(lower, Image.new("RGB", (_WORK, _WORK), background), _falling(_WORK))


def _ground(silhouette: Image.Image, *, background: Rgb) -> Image.Image:
    """The background with a soft shadow of the silhouette."""
    ground = _wall(background).copy()
    small = silhouette.reduce(4).filter(ImageFilter.GaussianBlur(4)).point(_SHADOW_STRENGTH)
    shadow = small.resize((_WORK, _WORK), Image.Resampling.BILINEAR)
    ground.paste(shaded(background, by=0.45), (10, 14), mask=shadow)
    return ground


def _texture(color: Rgb, *, pattern: Pattern) -> Image.Image:
    texture = Image.new("RGB", (_WORK, _WORK), color)
    if pattern is Pattern.PLAIN:
        return texture
    brush = ImageDraw.Draw(texture)
    second = (250, 250, 248) if lightness(color) < _PALE else (60, 70, 95)
    if pattern is Pattern.STRIPED:
        for top in range(0, _WORK, 48):
            brush.rectangle((0, top, _WORK, top + 17), fill=second)
    elif pattern is Pattern.DOTTED:
        for row, y in enumerate(range(0, _WORK, 34)):
            for x in range(17 * (row % 2), _WORK, 34):
                brush.ellipse((x - 7, y - 7, x + 7, y + 7), fill=second)
    else:
        veil = Image.new("L", (_WORK, _WORK), 0)
        weave = ImageDraw.Draw(veil)
        for start in range(0, _WORK, 64):
            weave.rectangle((0, start, _WORK, start + 31), fill=110)
        upright = veil.transpose(Image.Transpose.ROTATE_90)
        texture.paste(second, mask=ImageChops.add(veil, upright))
    return texture


def _shading(picture: Image.Image, silhouette: Image.Image) -> Image.Image:
    """Light from the upper left, on the product alone."""
    darkened = ImageChops.multiply(picture, _shade())
    return Image.composite(darkened, picture, silhouette)


@functools.cache
def _shade() -> Image.Image:
    falling = _falling(SIDE_PIXELS)
    sideways = falling.transpose(Image.Transpose.ROTATE_90)
    shade = ImageChops.add(falling, sideways, scale=2).point(_LIGHT_LEFT)
    return Image.merge("RGB", (shade, shade, shade))
