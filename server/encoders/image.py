"""Picture preparation: the bytes of a JPEG, PNG or WebP file to the pixels of an image tower.

The header is checked before anything is decoded; large JPEG files are decoded at a fraction of
their size; EXIF orientation is applied; transparency is laid on the tower's fill colour or dropped,
as the tower says. Colour profiles are ignored, and only the first frame of an animation is seen.

A tower of a CLIP-like model gets the bytes that its reference processor makes, but for two kinds of
picture: JPEG files of more than four times the wanted size, which are decoded at a fraction, and
16-bit grey, of which Pillow, and so the reference, takes everything but near black for white.
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
from server.encoders.fit import fit_picture, shorter_side
from server.encoders.picture_header import PictureError, PictureHeader, read_header

Pixels = NDArray[np.uint8]

_DECODERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
}
_DECODER_FAILURES = (OSError, SyntaxError, ValueError, EOFError, KeyError, struct.error, zlib.error)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_LYING = 5
"""From this orientation on, what the file calls width is the upright picture's height."""

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
            _decode(picture, header=header, tower=tower)
            fitted = _upright_and_fitted(picture, header=header, tower=tower)
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


def _decode(picture: ImageFile, *, header: PictureHeader, tower: ImageTower) -> None:
    if picture.size != (header.width, header.height):
        raise ValueError("two headers of one picture disagree about its size")
    if header.format == "JPEG":
        picture.draft(None, _least_size(picture.size, tower=tower))
    picture.load()


def _upright_and_fitted(
    picture: Image.Image, *, header: PictureHeader, tower: ImageTower
) -> Image.Image:
    orientation = _orientation(picture)
    turn = _UPRIGHT.get(orientation)
    whole = (header.width, header.height)
    if turn is not None:
        picture = picture.transpose(turn)
        whole = whole[::-1] if orientation >= _FIRST_LYING else whole
    return fit_picture(_flatten(picture, tower=tower), tower, whole=whole)


def _least_size(size: tuple[int, int], *, tower: ImageTower) -> tuple[int, int]:
    """Width and height that decoding must leave, whichever way up the picture turns out to be."""
    wanted = shorter_side(tower) if tower.fit == "crop" else max(tower.width, tower.height)
    reference = max(size) if tower.fit == "pad" else min(size)
    scale = min(1.0, wanted * _DRAFT_MARGIN / reference)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(picture: Image.Image) -> int:
    """Give the EXIF orientation, 1 to 8; unreadable EXIF data means upright."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (*_DECODER_FAILURES, TypeError, OverflowError):
        return 1


def _flatten(picture: Image.Image, *, tower: ImageTower) -> Image.Image:
    """Bring any mode that the three formats can hold to RGB, without transparency."""
    if picture.mode.startswith("I"):
        # Pillow clips 16-bit grey at 255 in some releases and scales it in others.
        grey = np.asarray(picture).astype(np.int64) >> 8
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if tower.transparency == "drop":
        if isinstance(picture.info.get("transparency"), bytes):
            # How clear each colour of a palette is: Pillow forgets it too, but warns.
            del picture.info["transparency"]
        # A single clear colour is no alpha channel. It outlives this, and the reference fills it.
        picture = picture.convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, tower.fill)
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return picture.convert("RGB")


__all__ = [
    "DEFAULT_LIMITS",
    "PictureError",
    "PictureLimits",
    "Pixels",
    "check_picture",
    "prepare_picture",
]
