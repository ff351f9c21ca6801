"""A part of a resized picture, with and without the whole of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from server.encoders import cut_resize
from server.encoders.cut_resize import FILTERS, FilterName, resize_and_cut


def noise(width: int, height: int) -> Image.Image:
    """Black and white alone, which lets a wrong weight show most."""
    bits = np.random.default_rng(width * 7919 + height).integers(0, 2, (height, width, 3))
    return Image.fromarray((bits * 255).astype(np.uint8))


@settings(max_examples=200, deadline=None)
@given(
    source=st.tuples(st.integers(1, 50), st.integers(1, 300)),
    lying=st.booleans(),
    growth=st.tuples(st.integers(-20, 90), st.integers(-20, 900)),
    start=st.tuples(st.integers(-3, 30), st.integers(-3, 200)),
    kept=st.tuples(st.integers(4, 60), st.integers(4, 60)),
    resample=st.sampled_from(sorted(FILTERS)),
)
def test_the_part_is_what_resizing_all_and_cutting_gives(
    source: tuple[int, int],
    *,
    lying: bool,
    growth: tuple[int, int],
    start: tuple[int, int],
    kept: tuple[int, int],
    resample: FilterName,
) -> None:
    size = max(1, source[0] + growth[0]), max(1, source[1] + growth[1])
    corner = min(start[0], size[0] - 1), min(start[1], size[1] - 1)
    if lying:
        source, size, corner, kept = source[::-1], size[::-1], corner[::-1], kept[::-1]
    box = (*corner, corner[0] + kept[0], corner[1] + kept[1])
    picture = noise(*source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut_resize, "WHOLE_PIXELS", 0)
        part = resize_and_cut(picture, size, box=box, resample=resample)
    assert part.size == kept
    wanted = picture.resize(size, FILTERS[resample]).crop(box)
    assert part.tobytes() == wanted.tobytes()


def test_a_part_in_the_middle_of_a_ramp() -> None:
    """Two columns 0 and 200 made four: a quarter of the way lies a quarter of 200 higher."""
    ramp = Image.fromarray(np.array([[[0] * 3, [200] * 3]], np.uint8))
    part = resize_and_cut(ramp, (4, 2), box=(1, 0, 5, 1), resample="bilinear")
    assert np.asarray(part)[0, :, 0].tolist() == [50, 150, 200, 0]


@pytest.mark.parametrize("size", [(1, 4_000_000), (4_000_000, 1)], ids=["standing", "lying"])
def test_what_no_memory_could_hold_whole_is_cut(size: tuple[int, int]) -> None:
    """The whole would be 224 by 896,000,000 pixels; Pillow would refuse to make it."""
    picture = Image.new("RGB", size, (10, 20, 30))
    whole = (size[0] * 224, size[1] * 224)
    box = (
        max(0, whole[0] // 2 - 112),
        max(0, whole[1] // 2 - 112),
        max(224, whole[0] // 2 + 112),
        max(224, whole[1] // 2 + 112),
    )
    part = resize_and_cut(picture, whole, box=box, resample="bicubic")
    assert (np.asarray(part) == (10, 20, 30)).all()
