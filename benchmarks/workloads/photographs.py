"""Photographs of products as shoppers would send them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PIL import Image, ImageEnhance

from server.workload.line import Absent, LineRefused
from server.workload.stand_in import check_picture

LONGEST_PIXELS: Final = 800
"""Longer side of an upload: what shops' apps make of a phone's photo before they send it."""

_MOST_CUT: Final = 0.1
_MOST_TURN_DEGREES: Final = 4.0
_LIGHT: Final = (0.85, 1.15)
_QUALITIES: Final = (82, 60, 95)
_PAPER: Final = (255, 255, 255)


def as_uploaded(picture: bytes, *, seed: int, longest: int = LONGEST_PIXELS) -> bytes:
    """A product's picture as a shopper's: another cut, a little turned, another light, as JPEG.

    So it is no file that the server has indexed, and looks like one. The same seed gives the same
    bytes, with the same release of Pillow.
    """
    random = np.random.default_rng(seed)
    with Image.open(io.BytesIO(picture)) as opened:
        photo = opened.convert("RGB")
    turned = photo.rotate(
        float(random.uniform(-_MOST_TURN_DEGREES, _MOST_TURN_DEGREES)),
        resample=Image.Resampling.BILINEAR,
        fillcolor=_PAPER,
    )
    left, top, right, bottom = random.uniform(0, _MOST_CUT, 4).tolist()
    width, height = turned.size
    cut = turned.crop(
        (
            int(left * width),
            int(top * height),
            max(int((1 - right) * width), int(left * width) + 1),
            max(int((1 - bottom) * height), int(top * height) + 1),
        )
    )
    scale = longest / max(cut.size)
    sized = cut.resize((max(1, round(cut.width * scale)), max(1, round(cut.height * scale))))
    lit = ImageEnhance.Brightness(sized).enhance(float(random.uniform(*_LIGHT)))
    return _jpeg(lit, quality=_QUALITIES[0])


@dataclass(slots=True)
class Photographs:
    """A catalogue's pictures, which stand in for those that a recording did not keep.

    They are taken in turn, so that a replay sends different pictures as shoppers did.
    """

    pictures: Sequence[bytes]
    _turn: int = field(default=0, init=False)

    def like(self, absent: Absent) -> bytes:
        """The next picture in the recorded pixels, and near to the recorded bytes.

        It is a `server.workload.stand_in.StandIn`.

        Raises:
            LineRefused: ``ABSENT_UNKNOWN`` of what is no picture, ``ABSENT_INVALID`` of one without
                a size, ``PICTURES_NOT_KEPT`` where the catalogue has none.
        """
        if not self.pictures:
            description = "the catalogue has no picture to stand in for those that were not kept"
            raise LineRefused("PICTURES_NOT_KEPT", description)
        check_picture(absent)
        picture = self.pictures[self._turn % len(self.pictures)]
        self._turn += 1
        with Image.open(io.BytesIO(picture)) as opened:
            photo = opened.convert("RGB").resize((absent.width, absent.height))
        made = [_jpeg(photo, quality=quality) for quality in _QUALITIES]
        return min(made, key=lambda file: abs(len(file) - absent.size))


def _jpeg(photo: Image.Image, *, quality: int) -> bytes:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality)
    return file.getvalue()
