"""Picture preparation: the bytes of a JPEG, PNG or WebP file to the pixels of an image tower.

The header is checked before anything is decoded; large JPEG files are decoded at a fraction of
their size; EXIF orientation is applied; transparency is laid on the tower's fill colour. Colour
profiles are ignored, and only the first frame of an animation is seen.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from exporter.spec import ImageTower
from server.encoders.picture_header import PictureError, PictureHeader, read_header

Pixels = NDArray[np.uint8]

_DECODERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
}
_DECODER_FAILURES = (OSError, SyntaxError, ValueError, EOFError, KeyError, struct.error, zlib.error)
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Decoding to twice the wanted size leaves the resampling filter enough to work with: a picture
# decoded at a fraction then looks like one decoded whole.
_DRAFT_MARGIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """What is refused before decoding: file size in bytes, width times height in pixels."""

    bytes: int = 20_000_000
    pixels: int = 50_000_000


DEFAULT_LIMITS = PictureLimits()


def prepare_picture(
    data: bytes, tower: ImageTower, *, limits: PictureLimits = DEFAULT_LIMITS
) -> Pixels:
    """Decode a picture and fit it to a tower.

    Returns:
        RGB, uint8, (tower.height, tower.width, 3), contiguous.

    Raises:
        PictureError: see its reasons. Nothing else is raised, whatever the bytes.
    """
    header = check_picture(data, limits=limits)
    try:
        with _DECODERS[header.format](BytesIO(data)) as picture:
            upright = _decode(picture, header=header, tower=tower)
            fitted = _fit(_flatten(upright, fill=tower.fill), tower=tower)
    except _DECODER_FAILURES as error:
        message = f"the {header.format} picture is cut short or damaged; send the whole file"
        raise PictureError(message, reason="PICTURE_TRUNCATED") from error
    return np.array(fitted, dtype=np.uint8)


def check_picture(data: bytes, *, limits: PictureLimits = DEFAULT_LIMITS) -> PictureHeader:
    """Read and judge the header alone: microseconds, whatever the picture's size.

    Raises:
        PictureError: ``PICTURE_TOO_LARGE``, and as `read_header`.
    """
    if len(data) > limits.bytes:
        message = f"the picture has {len(data):,} bytes; send at most {limits.bytes:,}"
        raise PictureError(message, reason="PICTURE_TOO_LARGE")
    header = read_header(data)
    if header.width * header.height > limits.pixels:
        message = (
            f"the picture is {header.width:,} by {header.height:,} pixels; "
            f"send at most {limits.pixels:,} pixels in all"
        )
        raise PictureError(message, reason="PICTURE_TOO_LARGE")
    return header


def _decode(picture: ImageFile, *, header: PictureHeader, tower: ImageTower) -> Image.Image:
    if picture.size != (header.width, header.height):
        raise ValueError("two headers of one picture disagree about its size")
    if header.format == "JPEG":
        picture.draft(None, _least_size(picture.size, tower=tower))
    picture.load()
    turn = _UPRIGHT.get(_orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def _least_size(size: tuple[int, int], *, tower: ImageTower) -> tuple[int, int]:
    """Width and height that decoding must leave, whichever way up the picture turns out to be."""
    longest = max(tower.width, tower.height) * _DRAFT_MARGIN
    reference = max(size) if tower.fit == "pad" else min(size)
    scale = min(1.0, longest / reference)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(picture: Image.Image) -> int:
    """Give the EXIF orientation, 1 to 8; unreadable EXIF data means upright."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (*_DECODER_FAILURES, TypeError, OverflowError):
        return 1


def _flatten(picture: Image.Image, *, fill: tuple[int, int, int]) -> Image.Image:
    """Bring any mode that the three formats can hold to RGB, transparency laid on ``fill``."""
    if picture.mode.startswith("I"):
        # Pillow clips 16-bit grey at 255 in some releases and scales it in others.
        grey = np.asarray(picture).astype(np.int64) >> 8
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, fill)
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _fit(picture: Image.Image, *, tower: ImageTower) -> Image.Image:
    target = (tower.width, tower.height)
    resample = _FILTERS[tower.resample]
    ratios = (tower.width / picture.width, tower.height / picture.height)
    if tower.fit == "stretch":
        return picture.resize(target, resample)
    if tower.fit == "crop":
        width, height = (side / max(ratios) for side in target)
        left, top = max(0.0, (picture.width - width) / 2), max(0.0, (picture.height - height) / 2)
        box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
        return picture.resize(target, resample, box=box)
    scale = min(ratios)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    canvas = Image.new("RGB", target, tower.fill)
    canvas.paste(
        picture.resize(size, resample),
        ((target[0] - size[0]) // 2, (target[1] - size[1]) // 2),
    )
    return canvas


__all__ = [
    "DEFAULT_LIMITS",
    "PictureError",
    "PictureLimits",
    "Pixels",
    "check_picture",
    "prepare_picture",
]
