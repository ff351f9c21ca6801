"""Headers of the three formats, read without a decoder; everything else refused by name."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.encoders.picture_header import PictureError, PictureHeader, read_header


def encoded(picture: Image.Image, name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"\xff\xc0 looks like a frame"}),
        ("PNG", {}),
        ("WEBP", {"lossless": False}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}),
    ],
)
def test_the_size_is_the_one_pillow_reads(name: str, options: dict[str, object]) -> None:
    data = encoded(Image.new("RGB", (37, 211), (9, 80, 200)), name, **options)
    assert read_header(data) == PictureHeader(format=name, width=37, height=211)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 20_000, 300), (20_000, 300)),
        (
            b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", 300, 20_000),
            (20_000, 300),
        ),
        (
            b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + b"\x1f\x4e\x00" + b"\x2b\x01\x00",
            (20_000, 300),
        ),
    ],
    ids=["png", "jpeg with fill bytes", "webp extended"],
)
def test_sizes_written_by_hand(data: bytes, size: tuple[int, int]) -> None:
    header = read_header(data)
    assert (header.width, header.height) == size


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "PICTURE_EMPTY"),
        (b"%PDF-1.7\n%\xe2\xe3", "PICTURE_FORMAT"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "PICTURE_FORMAT"),
        (b"\xc5\xd0\xd3\xc6\x1e\x00\x00\x00", "PICTURE_FORMAT"),
        (b"GIF89a\x01\x00\x01\x00", "PICTURE_FORMAT"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "PICTURE_FORMAT"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PICTURE_FORMAT"),
        (b"\xff\xd8\xff", "PICTURE_TRUNCATED"),
        (b"\xff\xd8\xff\xe0\x00", "PICTURE_TRUNCATED"),
        (b"\xff\xd8\xff\xda\x00\x02", "PICTURE_TRUNCATED"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", "PICTURE_TRUNCATED"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(8), "PICTURE_TRUNCATED"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rtEXt" + bytes(range(1, 9)), "PICTURE_TRUNCATED"),
        (b"RIFF\x24\x00\x00\x00WEBP", "PICTURE_TRUNCATED"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8L\x00\x00\x00\x00", "PICTURE_TRUNCATED"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PictureError) as caught:
        read_header(data)
    assert caught.value.reason == reason


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 "]),
    st.binary(max_size=64),
)
def test_any_bytes_give_a_size_or_a_domain_error(start: bytes, rest: bytes) -> None:
    try:
        header = read_header(start + rest)
    except PictureError:
        return
    assert header.width >= 1
    assert header.height >= 1
