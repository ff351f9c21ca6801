"""The drawn photograph is a large JPEG, and embeds nearly the same however it was decoded."""

from io import BytesIO

import numpy as np
from PIL import Image

from benchmarks.large_photo import large_photo_ratio, photo_like, whole_picture
from exporter.spec import STARTER_DIRECTORY, read_manifest
from server.encoders.image import prepare_picture

SIZE = (2400, 1800)
"""Large enough to be decoded at a quarter for the tower that ships."""


def test_the_photo_is_a_jpeg_with_the_detail_of_one() -> None:
    data = photo_like(*SIZE)
    with Image.open(BytesIO(data)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", SIZE)
    assert len(data) > SIZE[0] * SIZE[1] // 8  # a bit a pixel; a smooth picture takes far less
    assert data == photo_like(*SIZE)


def test_scaled_decoding_gives_other_pixels_and_nearly_the_same_vector() -> None:
    tower = read_manifest(STARTER_DIRECTORY).image
    assert tower is not None
    data = photo_like(*SIZE)
    difference = prepare_picture(data, tower).astype(int) - whole_picture(data, tower)
    assert 0 < np.abs(difference).mean() < 1
    result = large_photo_ratio(STARTER_DIRECTORY, 1, size=SIZE)
    assert result["cosine"] >= 0.995
    assert result["ratio"] > 0
