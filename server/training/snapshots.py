"""Shoppers' snapshots: a product's own picture as somebody else would have photographed it."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageEnhance, ImageOps

_FORMATS = ("JPEG", "PNG", "WEBP")


def snapshot(picture: bytes, *, rng: random.Random) -> bytes:
    """A JPEG of the picture cropped, mirrored, relit, turned a little and scaled down.

    Args:
        picture: JPEG, PNG or WebP bytes that are known to decode.
        rng: Draws what happens to it.
    """
    with Image.open(io.BytesIO(picture), formats=_FORMATS) as opened:
        image = opened.convert("RGB")
    image = image.rotate(
        rng.uniform(-12, 12), resample=Image.Resampling.BILINEAR, fillcolor=image.getpixel((0, 0))
    )
    share = rng.uniform(0.7, 1.0)
    width, height = round(image.width * share), round(image.height * share)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    image = image.crop((left, top, left + width, top + height))
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        image = ImageOps.mirror(image)
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.25))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.8, 1.2))
    image.thumbnail((320, 320))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=rng.randint(60, 90))
    return written.getvalue()
