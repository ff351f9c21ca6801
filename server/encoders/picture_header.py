"""Read a picture's format and size from its first bytes, before any decoder sees them.

Only JPEG, PNG and WebP are recognised. Nothing is decoded and nothing is allocated, so a header
that claims 20,000 by 20,000 pixels costs as little as any other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

PictureFormat = Literal["JPEG", "PNG", "WEBP"]

_JPEG_START = b"\xff\xd8\xff"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xDA)})
_JPEG_SCAN = 0xDA
_VP8_START = b"\x9d\x01\x2a"
_VP8L_SIGNATURE = 0x2F
_VP8_SIZE_MASK = 0x3FFF


class PictureError(Exception):
    """A picture cannot be used. ``reason`` is stable; the message says what to do.

    Reasons: ``PICTURE_EMPTY``, ``PICTURE_FORMAT``, ``PICTURE_TOO_LARGE`` and ``PICTURE_TRUNCATED``
    (it ends early, or what is there cannot be decoded).
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """What a picture says it is: its format, and its stored width and height in pixels."""

    format: PictureFormat
    width: int
    height: int


def read_header(data: bytes) -> PictureHeader:
    """Recognise a picture and read its size as stored, before any orientation is applied.

    Raises:
        PictureError: ``PICTURE_EMPTY`` without bytes, ``PICTURE_FORMAT`` when they are neither
            JPEG, PNG nor WebP, ``PICTURE_TRUNCATED`` when they end before the size is told or tell
            a size of zero.
    """
    if not data:
        raise PictureError("the picture is empty; send its bytes", reason="PICTURE_EMPTY")
    if data.startswith(_JPEG_START):
        name: PictureFormat = "JPEG"
    elif data.startswith(_PNG_SIGNATURE):
        name = "PNG"
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        name = "WEBP"
    else:
        message = "the picture is not a JPEG, PNG or WebP file; convert it to one of these"
        raise PictureError(message, reason="PICTURE_FORMAT")
    try:
        width, height = _SIZE_READERS[name](data)
    except (struct.error, IndexError):
        width, height = 0, 0
    if width < 1 or height < 1:
        message = f"the {name} picture ends before its header does; send the whole file"
        raise PictureError(message, reason="PICTURE_TRUNCATED")
    return PictureHeader(format=name, width=width, height=height)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the marker segments up to the frame header (ITU-T T.81, annex B)."""
    position = 2
    while data[position] == 0xFF:  # noqa: PLR2004 - every marker starts with this byte
        marker = data[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte before a marker
            position += 1
        elif marker in _JPEG_BARE:
            position += 2
        elif marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        elif marker == _JPEG_SCAN:
            break
        else:
            position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return 0, 0


def _png_size(data: bytes) -> tuple[int, int]:
    """IHDR is the first chunk (PNG specification, 11.2.1)."""
    width, height = struct.unpack_from(">II", data, 16)
    return (width, height) if data[12:16] == b"IHDR" else (0, 0)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Lossy, lossless and extended files each keep the size elsewhere (RFC 9649)."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        low, high = struct.unpack_from("<HB", data, 24), struct.unpack_from("<HB", data, 27)
        return 1 + low[0] + (low[1] << 16), 1 + high[0] + (high[1] << 16)
    if chunk == b"VP8 " and data[23:26] == _VP8_START:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & _VP8_SIZE_MASK, height & _VP8_SIZE_MASK
    if chunk == b"VP8L" and data[20] == _VP8L_SIGNATURE:
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & _VP8_SIZE_MASK), 1 + ((bits >> 14) & _VP8_SIZE_MASK)
    return 0, 0


_SIZE_READERS = {"JPEG": _jpeg_size, "PNG": _png_size, "WEBP": _webp_size}
