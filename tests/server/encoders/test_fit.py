"""Which pixels a tower gets of a picture, by hand: places and sizes for every fit."""

from typing import Literal

import numpy as np
import pytest
from PIL import Image

from exporter.spec import ImageTower
from server.encoders.fit import fit_picture, shorter_side


def numbered(width: int, height: int) -> Image.Image:
    """Red says the column and green the row of every pixel."""
    row, column = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([column, row, row * 0 + 9], axis=2).astype(np.uint8))


def cropping(
    edge: int, height: int, width: int, *, offset: Literal["floor", "half_even"]
) -> ImageTower:
    return ImageTower(
        file="image.onnx",
        height=height,
        width=width,
        fit="crop",
        shortest_edge=edge,
        crop_offset=offset,
    )


@pytest.mark.parametrize(
    ("side", "kept", "floor", "half_even"),
    [
        # What is cut off on the left: half of side - kept, rounded down, or to the nearest even.
        (20, 10, 5, 5),
        (20, 17, 1, 2),
        (20, 15, 2, 2),
        (20, 13, 3, 4),
        (20, 19, 0, 0),
        (20, 20, 0, 0),
        # What is added on the left where too little is there, as a negative number.
        (20, 21, -1, 0),
        (20, 23, -2, -1),
        (20, 26, -3, -3),
    ],
)
def test_where_the_kept_part_begins(side: int, kept: int, floor: int, half_even: int) -> None:
    picture = numbered(side, side)
    for offset, start in (("floor", floor), ("half_even", half_even)):
        tower = cropping(side, 12, kept, offset=offset)  # type: ignore[arg-type]
        red, green, blue = np.moveaxis(np.asarray(fit_picture(picture, tower)), 2, 0)
        wanted = np.arange(start, start + kept)
        inside = (wanted >= 0) & (wanted < side)
        assert red[0].tolist() == np.where(inside, wanted, 0).tolist()
        assert blue[0].tolist() == np.where(inside, 9, 0).tolist()  # black beyond the picture
        assert green[:, kept // 2].tolist() == list(range(4, 16))


@pytest.mark.parametrize(
    ("size", "edge", "begins"),
    [
        # 30 x 20 to 15 x 10: columns 2 to 11 of 15, each the mean of two with a bilinear filter.
        ((30, 20), 10, 2),
        # 29 x 20 to int(14.5) = 14 x 10: columns 2 to 11 of 14.
        ((29, 20), 10, 2),
        # 31 x 20 to int(15.5) = 15 x 10.
        ((31, 20), 10, 2),
        # 43 x 20 to int(21.5) = 21 x 10: columns 5 to 14 of 21.
        ((43, 20), 10, 5),
    ],
)
def test_the_longer_side_is_rounded_down(size: tuple[int, int], edge: int, begins: int) -> None:
    picture = numbered(*size)
    tower = cropping(edge, 10, 10, offset="floor")
    longer = int(edge * size[0] / size[1])
    whole = np.asarray(picture.resize((longer, edge), Image.Resampling.BILINEAR))
    kept = np.asarray(fit_picture(picture, tower))
    assert np.array_equal(kept, whole[:, begins : begins + 10])
    upright = fit_picture(picture.transpose(Image.Transpose.TRANSPOSE), tower)
    assert np.array_equal(np.asarray(upright)[:, :, 1], whole[:, begins : begins + 10, 1].T)


@pytest.mark.parametrize(
    ("edge", "height", "width", "wanted"), [(None, 5, 7, 7), (None, 9, 7, 9), (12, 5, 7, 12)]
)
def test_the_shorter_side_unless_said_otherwise(
    edge: int | None, height: int, width: int, wanted: int
) -> None:
    tower = ImageTower(file="a", height=height, width=width, fit="crop", shortest_edge=edge)
    assert shorter_side(tower) == wanted


def test_the_size_in_the_file_decides_where_a_picture_decoded_smaller_is_cut() -> None:
    """49 x 20 becomes 24 x 10. Decoded at half its size it is 25 x 10, which would stay 25."""
    small = numbered(25, 10)
    tower = cropping(10, 10, 10, offset="floor")
    kept = np.asarray(fit_picture(small, tower, whole=(49, 20)))
    wanted = np.asarray(small.resize((24, 10), Image.Resampling.BILINEAR))[:, 7:17]
    assert np.array_equal(kept, wanted)
    assert not np.array_equal(kept, np.asarray(fit_picture(small, tower)))


def test_the_whole_picture_in_the_middle_of_its_ground() -> None:
    tower = ImageTower(file="a", height=6, width=4, fill=(1, 2, 3))
    pixels = np.asarray(fit_picture(numbered(4, 3), tower))
    assert np.array_equal(pixels[1:4], np.asarray(numbered(4, 3)))
    assert (pixels[[0, 4, 5]] == (1, 2, 3)).all()
