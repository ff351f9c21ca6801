"""Colours of the sample shop: what they are called in two languages, and how they look."""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Color:
    """A colour a shopper can name."""

    english: str
    chinese: str
    rgb: Rgb


COLORS: dict[str, Color] = {
    english: Color(english=english, chinese=chinese, rgb=rgb)
    for english, chinese, rgb in (
        ("red", "红色", (200, 32, 40)),
        ("orange", "橙色", (240, 130, 30)),
        ("yellow", "黄色", (245, 205, 50)),
        ("green", "绿色", (46, 139, 70)),
        ("blue", "蓝色", (40, 95, 200)),
        ("navy", "藏青色", (28, 40, 90)),
        ("purple", "紫色", (120, 60, 160)),
        ("pink", "粉色", (240, 150, 180)),
        ("brown", "棕色", (120, 75, 45)),
        ("beige", "米色", (222, 203, 170)),
        ("black", "黑色", (32, 32, 35)),
        ("white", "白色", (246, 246, 244)),
        ("gray", "灰色", (138, 140, 145)),
    )
}


def shaded(rgb: Rgb, *, by: float) -> Rgb:
    """A colour made darker (``by`` below 1) or lighter (above 1, towards white).

    Example:
        >>> shaded((100, 200, 0), by=0.5), shaded((100, 200, 0), by=1.5)
        ((50, 100, 0), (178, 228, 128))
    """
    if by <= 1:
        red, green, blue = (round(channel * by) for channel in rgb)
    else:
        red, green, blue = (round(channel + (255 - channel) * (by - 1)) for channel in rgb)
    return red, green, blue


def lightness(rgb: Rgb) -> float:
    """Relative luminance in 0 to 1 by the Rec. 709 weights, without linearising."""
    red, green, blue = rgb
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
