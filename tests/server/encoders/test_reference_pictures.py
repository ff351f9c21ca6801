"""Pictures for towers from elsewhere come out as their reference processors make them, to the bit.

The reference is Hugging Face's processor for Pillow on pictures as `load_image` reads them.
"""

import io
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from exporter.spec import ImageTower
from server.encoders import cut_resize
from server.encoders.image import prepare_picture

pytest.importorskip("transformers")

from transformers.image_processing_backends import PilBackend
from transformers.image_utils import load_image
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import (
    ChineseCLIPImageProcessorPil,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

AS_READ: Any = {"do_rescale": False, "do_normalize": False}


def tower(
    height: int, width: int, fit: Literal["crop", "stretch"], *, edge: int | None = None
) -> ImageTower:
    return ImageTower(
        file="image.onnx",
        height=height,
        width=width,
        fit=fit,
        resample="bicubic",
        shortest_edge=edge,
        transparency="drop",
    )


def cropping(edge: int, height: int, width: int, *, resample: int = 3) -> PilBackend:
    return CLIPImageProcessorPil(
        size={"shortest_edge": edge},
        crop_size={"height": height, "width": width},
        resample=resample,
        **AS_READ,
    )


PAIRS = {
    "clip": (tower(224, 224, "crop"), cropping(224, 224, 224)),
    "clip, odd rest": (tower(21, 24, "crop", edge=30), cropping(30, 21, 24)),
    "clip, crop beyond the picture": (
        tower(25, 31, "crop", edge=20),
        cropping(20, 25, 31),
    ),
    "clip, bilinear": (
        replace(tower(32, 32, "crop"), resample="bilinear"),
        cropping(32, 32, 32, resample=2),
    ),
    "siglip": (
        tower(48, 40, "stretch"),
        SiglipImageProcessorPil(size={"height": 48, "width": 40}, resample=3, **AS_READ),
    ),
    "chinese clip": (
        tower(224, 224, "stretch"),
        ChineseCLIPImageProcessorPil(
            size={"height": 224, "width": 224}, do_center_crop=False, **AS_READ
        ),
    ),
}


def noise(width: int, height: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(width * 7919 + height).integers(
        0, 256, (height, width, channels), dtype=np.uint8
    )


def encoded(picture: Image.Image, name: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(Image.fromarray(noise(61, 40)), "PNG", exif=exif.tobytes())


def reference(data: bytes, processor: PilBackend) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        [pixels] = processor(load_image(picture))["pixel_values"]
    assert pixels.dtype == np.uint8
    return np.asarray(pixels).transpose(1, 2, 0)


RGB = Image.fromarray(noise(90, 67))
RGBA = Image.fromarray(noise(90, 67, 4))
PICTURES = {
    "rgb": encoded(RGB),
    "palette": encoded(RGB.quantize(16)),
    "palette, one clear colour": encoded(RGB.quantize(16), transparency=3),
    "palette, clear colours": encoded(RGB.quantize(16), transparency=bytes(range(0, 240, 15))),
    "rgb, one clear colour": encoded(RGB, transparency=RGB.getpixel((0, 0))),
    "bits": encoded(RGB.convert("1")),
    "bits, one of them clear": encoded(RGB.convert("1"), transparency=0),
    "grey": encoded(RGB.convert("L")),
    "grey, one clear shade": encoded(RGB.convert("L"), transparency=100),
    "grey, alpha": encoded(RGBA.convert("LA")),
    "rgba": encoded(RGBA),
    "jpeg": encoded(RGB, "JPEG"),
    "grey jpeg": encoded(RGB.convert("L"), "JPEG"),
    "cmyk jpeg": encoded(RGB.convert("CMYK"), "JPEG"),
    "progressive jpeg": encoded(RGB, "JPEG", progressive=True),
    "webp": encoded(RGB, "WEBP"),
    "webp, alpha": encoded(RGBA, "WEBP", lossless=True),
    **{f"turned, {orientation}": turned(orientation) for orientation in range(1, 9)},
    **{
        f"{width} x {height}": encoded(Image.fromarray(noise(width, height)))
        for width, height in [
            (1, 1), (1, 90), (90, 1), (2, 3), (224, 224), (225, 224), (223, 500), (500, 223),
            (641, 480), (333, 997),
        ]
    },
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Palette images with Transparency:UserWarning")  # the reference
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("name", PICTURES)
def test_pixels_are_the_reference_s(name: str, pair: str) -> None:
    ours, theirs = PAIRS[pair]
    data = PICTURES[name]
    assert np.array_equal(prepare_picture(data, ours), reference(data, theirs))


def test_a_jpeg_of_nearly_four_times_the_size_is_decoded_whole() -> None:
    ours, theirs = PAIRS["clip"]
    data = encoded(Image.fromarray(noise(1180, 890)), "JPEG")
    assert np.array_equal(prepare_picture(data, ours), reference(data, theirs))


SIDES = st.integers(min_value=1, max_value=120)
WANTED = st.integers(min_value=1, max_value=40)


@settings(max_examples=150, deadline=None)
@given(width=SIDES, height=SIDES, edge=WANTED, wanted=st.tuples(WANTED, WANTED))
def test_any_crop_of_any_picture_is_the_reference_s(
    width: int, height: int, edge: int, wanted: tuple[int, int]
) -> None:
    data = encoded(Image.fromarray(noise(width, height)))
    ours = tower(*wanted, "crop", edge=edge)
    assert np.array_equal(prepare_picture(data, ours), reference(data, cropping(edge, *wanted)))


@pytest.mark.parametrize("size", [(1, 2000), (2000, 1), (3, 1900), (1700, 5), (31, 2100)])
def test_very_long_pictures_are_the_reference_s(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(Image.fromarray(noise(*size)))
    monkeypatch.setattr(cut_resize, "WHOLE_PIXELS", 0)
    ours = tower(28, 33, "crop", edge=36)
    assert np.array_equal(prepare_picture(data, ours), reference(data, cropping(36, 28, 33)))
