"""From bytes to pixels: every mode, every fit, every way a picture can be wrong."""

import hashlib
import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from exporter.spec import STARTER_DIRECTORY, ImageTower, read_manifest
from server.encoders.image import PictureError, PictureLimits, check_picture, prepare_picture

TOWER = ImageTower(file="image.onnx", height=40, width=40)
CROP = ImageTower(file="image.onnx", height=40, width=40, fit="crop")
STRETCH = ImageTower(file="image.onnx", height=20, width=40, fit="stretch")
GREY = ImageTower(file="image.onnx", height=40, width=40, fill=(128, 128, 128))

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture: Image.Image, name: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


def halves(left: object, right: object, *, mode: str, size: tuple[int, int]) -> Image.Image:
    picture = Image.new(mode, size, right)  # type: ignore[arg-type]
    picture.paste(left, (0, 0, size[0] // 2, size[1]))  # type: ignore[arg-type]
    return picture


def noise(width: int, height: int) -> Image.Image:
    """A smooth picture with edges, the same at every call."""
    small = np.random.default_rng(7).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def at(pixels: np.ndarray, row: int, column: int) -> tuple[int, ...]:
    return tuple(int(value) for value in pixels[row, column])


def close(found: tuple[int, ...], wanted: tuple[int, ...], *, within: int = 4) -> bool:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= within


@pytest.mark.parametrize(
    ("tower", "size", "corner", "middle_left"),
    [
        (TOWER, (80, 40), WHITE, RED),  # 40 x 20 in the middle, bars above and below
        (GREY, (80, 40), (128, 128, 128), RED),
        (CROP, (80, 40), RED, RED),  # the centre 40 x 40
        (STRETCH, (80, 40), RED, RED),
    ],
    ids=["pad", "pad on grey", "crop", "stretch"],
)
def test_fits(
    tower: ImageTower,
    size: tuple[int, int],
    corner: tuple[int, ...],
    middle_left: tuple[int, ...],
) -> None:
    pixels = prepare_picture(encoded(halves(RED, BLUE, mode="RGB", size=size)), tower)
    assert pixels.shape == (tower.height, tower.width, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert at(pixels, 0, 0) == corner
    assert at(pixels, tower.height // 2, 2) == middle_left
    assert at(pixels, tower.height // 2, tower.width - 3) == BLUE


@pytest.mark.parametrize(
    ("picture", "wanted"),
    [
        (halves(RED, BLUE, mode="RGB", size=(40, 40)).quantize(4), RED),
        (Image.new("L", (9, 9), 77), (77, 77, 77)),
        (Image.new("1", (9, 9), 1), WHITE),
        (Image.new("LA", (9, 9), (77, 255)), (77, 77, 77)),
        (Image.new("LA", (9, 9), (77, 0)), WHITE),
        (Image.new("RGBA", (9, 9), (*RED, 0)), WHITE),
        (Image.new("RGBA", (9, 9), (*RED, 255)), RED),
        (Image.new("RGBA", (9, 9), (0, 0, 0, 128)), (127, 127, 127)),
        (Image.fromarray(np.full((9, 9), 0x8000, dtype=np.uint16)), (128, 128, 128)),
        (Image.fromarray(np.full((9, 9), 0xFFFF, dtype=np.uint16)), WHITE),
    ],
    ids=["palette", "grey", "bits", "grey alpha", "clear", "clear red", "red", "half", "16", "16w"],
)
def test_modes_of_png(picture: Image.Image, wanted: tuple[int, int, int]) -> None:
    pixels = prepare_picture(encoded(picture), TOWER)
    assert close(at(pixels, 20, 10), wanted, within=1)


@pytest.mark.parametrize(
    ("picture", "wanted"),
    [
        (Image.new("LA", (9, 9), (77, 0)), (77, 77, 77)),
        (Image.new("RGBA", (9, 9), (*RED, 0)), RED),
        (Image.new("RGBA", (9, 9), (0, 0, 0, 128)), (0, 0, 0)),
        (Image.fromarray(np.full((9, 9), 0x8000, dtype=np.uint16)), (128, 128, 128)),
    ],
    ids=["grey alpha", "clear red", "half", "16 bits"],
)
def test_a_tower_that_drops_transparency_sees_what_lies_beneath(
    picture: Image.Image, wanted: tuple[int, int, int]
) -> None:
    tower = replace(GREY, transparency="drop")
    assert at(prepare_picture(encoded(picture), tower), 20, 20) == wanted


@pytest.mark.parametrize(
    ("channels", "digest"),
    [
        pytest.param([0, 1, 2], "11e8be555537c80a", id="rgb"),
        pytest.param([0, 1, 2, 3], "2de97651cc901acc", id="rgba"),
        pytest.param([0, 3], "0fd2686a120d3b41", id="grey, alpha"),
        pytest.param(0, "19d1e25d95552ad9", id="grey"),
    ],
)
def test_the_shipped_tower_s_pixels_never_change(channels: list[int] | int, digest: str) -> None:
    """Vectors in an index were made of these bytes; others would be of another bundle."""
    row, column = np.mgrid[0:97, 0:131]
    waves = [row * 3 + column * 5, row * column // 7, row * row + column * 2, row * 11 + column * 2]
    picture = (np.stack(waves, axis=2) % 256).astype(np.uint8)[:, :, channels]
    tower = read_manifest(STARTER_DIRECTORY).image
    assert tower is not None
    pixels = prepare_picture(encoded(Image.fromarray(np.ascontiguousarray(picture))), tower)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == digest


def test_a_palette_with_a_transparent_entry_shows_the_fill() -> None:
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([*RED, *BLUE])
    data = encoded(picture, transparency=0)
    assert at(prepare_picture(data, GREY), 20, 20) == (128, 128, 128)


def test_sixteen_bits_a_channel() -> None:
    row = b"\x00" + struct.pack(">3H", 0xFFFF, 0x8000, 0) * 2
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(row * 2)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    assert at(prepare_picture(data, TOWER), 20, 20) == (255, 128, 0)


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("JPEG", Image.new("CMYK", (30, 30), (0, 255, 255, 0))),
        ("JPEG", Image.new("RGB", (30, 30), RED)),
        ("WEBP", Image.new("RGB", (30, 30), RED)),
    ],
    ids=["cmyk", "jpeg", "webp"],
)
def test_other_formats(name: str, picture: Image.Image) -> None:
    assert close(at(prepare_picture(encoded(picture, name), TOWER), 20, 20), RED)


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (3, 5)])
@pytest.mark.parametrize("tower", [TOWER, CROP, STRETCH], ids=["pad", "crop", "stretch"])
def test_thin_and_tiny(size: tuple[int, int], tower: ImageTower) -> None:
    pixels = prepare_picture(encoded(Image.new("RGB", size, GREEN)), tower)
    assert pixels.shape == (tower.height, tower.width, 3)
    assert (pixels == GREEN).all(axis=2).any()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_orientation_is_applied(
    name: str, orientation: int, stored: Image.Transpose | None
) -> None:
    upright = noise(64, 48)
    turned = upright if stored is None else upright.transpose(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = prepare_picture(encoded(turned, name, exif=exif.tobytes(), quality=95), TOWER)
    wanted = prepare_picture(encoded(upright), TOWER)
    assert np.abs(pixels.astype(int) - wanted).mean() < 4


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
@pytest.mark.parametrize("exif", [b"Exif\x00\x00junk", b"Exif\x00\x00MM\x00*\x00\x00\xff\xff"])
def test_broken_exif_means_upright(exif: bytes) -> None:
    picture = noise(64, 48)
    plain = prepare_picture(encoded(picture, "JPEG"), TOWER)
    assert (prepare_picture(encoded(picture, "JPEG", exif=exif), TOWER) == plain).all()


@pytest.mark.parametrize("tower", [TOWER, CROP, STRETCH], ids=["pad", "crop", "stretch"])
def test_scaled_decoding_looks_like_whole_decoding(tower: ImageTower) -> None:
    data = encoded(noise(4000, 3000), "JPEG", quality=90)
    with Image.open(io.BytesIO(data)) as picture:
        whole = encoded(picture.convert("RGB"), "PNG", compress_level=1)
    difference = prepare_picture(data, tower).astype(int) - prepare_picture(whole, tower)
    assert np.abs(difference).mean() < 1.0
    assert np.abs(difference).max() < 16


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7])
def test_truncated(name: str, kept: float) -> None:
    data = encoded(noise(300, 200), name)
    with pytest.raises(PictureError) as caught:
        prepare_picture(data[: int(len(data) * kept)], TOWER)
    assert caught.value.reason == "PICTURE_TRUNCATED"


def test_pixels_beyond_the_limit_are_refused_from_the_header() -> None:
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 20_000, 20_000)
    with pytest.raises(PictureError, match="20,000 by 20,000") as caught:
        prepare_picture(header, TOWER)
    assert caught.value.reason == "PICTURE_TOO_LARGE"


def test_limits_are_the_callers() -> None:
    data = encoded(Image.new("RGB", (10, 10)))
    assert check_picture(data, limits=PictureLimits(pixels=100)).width == 10
    for limits in (PictureLimits(pixels=99), PictureLimits(bytes=len(data) - 1)):
        with pytest.raises(PictureError) as caught:
            prepare_picture(data, TOWER, limits=limits)
        assert caught.value.reason == "PICTURE_TOO_LARGE"


def test_a_second_header_that_claims_more_is_not_believed() -> None:
    """A decoder that believed the later of two headers would allocate far beyond the limit."""
    data = encoded(Image.new("RGB", (10, 10)))
    body = b"IHDR" + struct.pack(">IIBBBBB", 19_000, 19_000, 8, 2, 0, 0, 0)
    second = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    with pytest.raises(PictureError) as caught:
        prepare_picture(data[:33] + second + data[33:], TOWER)
    assert caught.value.reason == "PICTURE_TRUNCATED"


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["JPEG", "PNG", "WEBP"]),
    position=st.integers(min_value=0, max_value=10_000),
    junk=st.binary(min_size=1, max_size=6),
)
def test_damaged_bytes_give_pixels_or_a_domain_error(name: str, position: int, junk: bytes) -> None:
    data = bytearray(encoded(noise(48, 32), name))
    start = position % len(data)
    data[start : start + len(junk)] = junk
    try:
        pixels = prepare_picture(bytes(data), TOWER)
    except PictureError:
        return
    assert pixels.shape == (40, 40, 3)
