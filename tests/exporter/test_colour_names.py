"""Colours as a shopper would call them, on white and on nothing."""

import numpy as np
import pytest

from exporter.colour_names import name_colour

SIDE = 104


def picture(
    colour: tuple[int, int, int], ground: tuple[int, int, int] = (255, 255, 255)
) -> np.ndarray:
    pixels = np.full((SIDE, SIDE, 3), ground, np.uint8)
    pixels[20:84, 30:74] = colour
    return pixels


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((15, 15, 18), "black"),
        ((110, 110, 112), "gray"),
        ((250, 250, 250), "white"),
        ((200, 20, 30), "red"),
        ((110, 10, 20), "red"),
        ((240, 130, 20), "orange"),
        ((245, 215, 40), "yellow"),
        ((30, 120, 50), "green"),
        ((150, 220, 120), "green"),
        ((30, 60, 160), "blue"),
        ((120, 190, 240), "blue"),
        ((25, 30, 70), "blue"),
        ((110, 50, 160), "purple"),
        ((250, 150, 180), "pink"),
        ((100, 60, 30), "brown"),
        ((225, 200, 170), None),  # beige is left unnamed
        ((180, 180, 180), None),  # light grey, or white in the shade
    ],
)
def test_names(colour: tuple[int, int, int], name: str | None) -> None:
    assert name_colour(picture(colour)) == name


def test_the_middle_counts_and_not_the_ground() -> None:
    assert name_colour(picture((30, 60, 160), ground=(200, 20, 30))) == "blue"


def test_a_patchwork_has_no_name() -> None:
    quarters = ((200, 20, 30), (30, 120, 50), (30, 60, 160), (245, 215, 40))
    pixels = np.empty((SIDE, SIDE, 3), np.uint8)
    for place, colour in enumerate(quarters):
        row, column = divmod(place, 2)
        half = SIDE // 2
        pixels[row * half : (row + 1) * half, column * half : (column + 1) * half] = colour
    assert name_colour(pixels) is None


def test_sizes_that_the_cells_do_not_divide() -> None:
    assert name_colour(np.full((120, 120, 3), (30, 60, 160), np.uint8)) == "blue"
