"""The colours of a page, light and dark, and how a drawing takes them from the page's theme.

A drawing is made in stand-in colours that no picture would use; `themed` then writes CSS variables
in their place, so that one drawing follows the reader's theme and prints black on white.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LIGHT: Final[Mapping[str, str]] = {
    "paper": "#fdfdfb",
    "ink": "#1f2328",
    "quiet": "#5c6470",
    "rule": "#d9dcd6",
    "good": "#2b6a45",
    "bad": "#a8321f",
    "series-0": "#1f5f8b",
    "series-1": "#b5541c",
    "series-2": "#4f7a2a",
    "series-3": "#7a4f9a",
    "series-4": "#0f7f7f",
    "echo": "#6f737a",
    "queue": "#7c7266",
    "decode": "#3d7a9c",
    "encode": "#1f5f8b",
    "retrieve": "#398156",
    "signals": "#5a7d25",
    "features": "#916d0e",
    "rank": "#b05d19",
    "rules": "#b54848",
    "diversify": "#97508f",
    "serialise": "#6a5fb0",
    "other": "#6b7178",
    "wire": "#6c747d",
}
"""By name; every colour but `paper` and `rule` stands out from the paper by 4.5 : 1."""

DARK: Final[Mapping[str, str]] = {
    "paper": "#15181c",
    "ink": "#e4e6e3",
    "quiet": "#a2a9b2",
    "rule": "#343a41",
    "good": "#7cc79a",
    "bad": "#f08c78",
    "series-0": "#6db3e3",
    "series-1": "#e8935a",
    "series-2": "#9cc46e",
    "series-3": "#bd96dd",
    "series-4": "#5cc4c4",
    "echo": "#989ea6",
    "queue": "#b5a894",
    "decode": "#7fc0e3",
    "encode": "#4b97cc",
    "retrieve": "#6cc08d",
    "signals": "#a3c95c",
    "features": "#dfb748",
    "rank": "#e8935a",
    "rules": "#e07f7f",
    "diversify": "#cc8ac5",
    "serialise": "#a79df0",
    "other": "#8b929a",
    "wire": "#a9b0b8",
}

SERIES: Final = tuple(name for name in LIGHT if name.startswith("series-"))

_STAND_INS: Final = {name: f"#0{place:02d}b0d" for place, name in enumerate(LIGHT)}


def stand_in(name: str) -> str:
    """The colour to draw with where the theme's colour ``name`` is meant."""
    return _STAND_INS[name]


def themed(svg: str) -> str:
    """``svg`` with CSS variables in place of the stand-ins."""
    for name, colour in _STAND_INS.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg


def variables(colours: Mapping[str, str]) -> str:
    """CSS declarations of a theme."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, 1 to 21 (WCAG 2.2, "contrast ratio").

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
