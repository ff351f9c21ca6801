"""Resize a picture and keep a part of the result, without making the rest of a very long one.

A picture of 1 by 2,000 pixels whose shorter side becomes 224 would become 224 by 448,000, to lose
all but 224 rows of it. Pillow can be asked for a part of a result only by a box of 32-bit floats,
which shifts the filter a little and so changes pixels; the rows or columns that a cut keeps of such
a picture are therefore computed here, as Pillow's resampling computes them: filters in doubles,
scaled to 22-bit integers, one axis after the other, rounded to bytes in between.

Only what is enlarged can outgrow its source. That is all that is computed here, and there Pillow
always filters along the rows first; where it shrinks a picture, its order depends on the sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.arrays import Int64Array, UInt8Array

Float64Array = NDArray[np.float64]

FilterName = Literal["bilinear", "bicubic", "lanczos"]

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
WHOLE_PIXELS = 4_000_000
"""Up to this many pixels, 16 MB in Pillow, the whole of an enlarged picture is made and cut."""

_PRECISION_BITS = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taps:
    """How k neighbours make each of n places: where they begin, int64 (n,), and weights (n, k)."""

    first: Int64Array
    weights: Int64Array


def resize_and_cut(
    picture: Image.Image,
    size: tuple[int, int],
    *,
    box: tuple[int, int, int, int],
    resample: FilterName,
) -> Image.Image:
    """Give ``picture.resize(size, resample).crop(box)``, the same pixels, in bounded memory.

    Args:
        picture: RGB.
        size: width and height of the whole result.
        box: left, top, right and bottom inside the result; what lies outside of it is black.
        resample: name of the filter.
    """
    width, height = size
    enlarged = width > picture.width and height > picture.height
    if not enlarged or width * height <= WHOLE_PIXELS:
        return picture.resize(size, FILTERS[resample]).crop(box)
    left, top, right, bottom = box
    if height >= width:
        start, stop = max(0, top), min(bottom, height)
        taps = _taps(start, stop, length=picture.height, result=height, resample=resample)
        low, high = _reach(taps, length=picture.height)
        # Rows are filtered each by itself, so those that no kept row needs can go.
        strip = picture.crop((0, low, picture.width, high))
        narrow = np.asarray(strip.resize((width, high - low), FILTERS[resample]))
        kept = Image.fromarray(_filtered(narrow, taps, offset=low))
        return kept.crop((left, top - start, right, bottom - start))
    start, stop = max(0, left), min(right, width)
    taps = _taps(start, stop, length=picture.width, result=width, resample=resample)
    low, high = _reach(taps, length=picture.width)
    strip = picture.crop((low, 0, high, picture.height))
    columns = _filtered(np.asarray(strip).swapaxes(0, 1), taps, offset=low).swapaxes(0, 1)
    kept = Image.fromarray(np.ascontiguousarray(columns))
    flat = kept.resize((stop - start, height), FILTERS[resample])
    return flat.crop((left - start, top, right - start, bottom))


def _taps(start: int, stop: int, *, length: int, result: int, resample: FilterName) -> _Taps:
    """What the places ``start`` to ``stop`` are made of when ``length`` grows to ``result``."""
    radius, curve = _CURVES[resample]
    scale = length / result
    centres = (np.arange(start, stop) + 0.5) * scale
    first = np.maximum((centres - radius + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + radius + 0.5).astype(np.int64), length)
    places = first[:, None] + np.arange(2 * radius + 1)
    weights = curve(places - centres[:, None] + 0.5)
    weights[places >= last[:, None]] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    scaled = weights * (1 << _PRECISION_BITS)
    # Half away from zero, as a cast in C does it.
    return _Taps(first=first, weights=np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64))


def _reach(taps: _Taps, *, length: int) -> tuple[int, int]:
    """First place that any of the taps reads, and the one after the last."""
    return int(taps.first.min()), min(length, int(taps.first.max()) + taps.weights.shape[1])


def _filtered(rows: UInt8Array, taps: _Taps, *, offset: int) -> UInt8Array:
    """Make rows uint8 (n, w, 3) of ``rows`` uint8 (m, w, 3), the first of which is ``offset``."""
    total = np.full((len(taps.first), *rows.shape[1:]), 1 << (_PRECISION_BITS - 1), np.int64)
    for place, weights in enumerate(taps.weights.T):
        # Beyond the last row every weight is zero; any row will do.
        there = np.minimum(taps.first - offset + place, len(rows) - 1)
        total += rows[there] * weights[:, None, None]
    return (total >> _PRECISION_BITS).clip(0, 255).astype(np.uint8)


def _bilinear(x: Float64Array) -> Float64Array:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _bicubic(x: Float64Array) -> Float64Array:
    """Cubic convolution with a = -1/2 (Keys, 1981)."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))  # noqa: PLR2004 - its pieces' ends


def _lanczos(x: Float64Array) -> Float64Array:
    """Sinc under the middle lobe of a sinc three times as wide."""
    return np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)  # noqa: PLR2004 - its lobes


_CURVES: dict[FilterName, tuple[int, Callable[[Float64Array], Float64Array]]] = {
    "bilinear": (1, _bilinear),
    "bicubic": (2, _bicubic),
    "lanczos": (3, _lanczos),
}
