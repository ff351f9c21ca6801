"""Photographs as shoppers send them."""

import io

import pytest
from PIL import Image

from benchmarks.workloads.photographs import Photographs, as_uploaded
from server.workload.line import Absent, LineRefused
from tests.benchmarks.workloads.small_shop import picture


def test_an_upload_is_another_file_of_the_same_thing() -> None:
    first, again, other = (as_uploaded(picture(shade=9), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    with Image.open(io.BytesIO(first)) as opened:
        assert (opened.format, max(opened.size)) == ("JPEG", 800)
        red, green, blue = opened.convert("RGB").getpixel((opened.width // 2, opened.height // 2))  # type: ignore[misc]
    assert green > blue > red, "the square of (9, 191, 90) is still there"


def test_those_that_stand_in_have_the_recorded_pixels_and_take_turns() -> None:
    photographs = Photographs([picture(shade=1), picture(shade=120)])
    absent = Absent(part=0, content="image", size=2_000, width=90, height=70)
    first, second, third = (photographs.like(absent) for _ in range(3))
    assert first == third != second
    with Image.open(io.BytesIO(first)) as opened:
        assert opened.size == (90, 70)


def test_the_size_in_bytes_is_approached() -> None:
    small, large = (
        Photographs([picture(shade=1)]).like(
            Absent(part=0, content="image", size=size, width=600, height=400)
        )
        for size in (0, 10**6)
    )
    assert len(small) < len(large)


def test_what_has_no_picture_is_refused() -> None:
    with pytest.raises(LineRefused, match="no picture to stand in"):
        Photographs([]).like(Absent(part=0, content="image", size=9, width=9, height=9))
    with pytest.raises(LineRefused, match="nothing to stand in for audio"):
        Photographs([picture(shade=1)]).like(Absent(part=0, content="audio", size=9))
