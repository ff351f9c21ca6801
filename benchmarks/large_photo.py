"""A 12-megapixel photograph, prepared as the server does, against decoding and fitting it whole."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from exporter.spec import ImageTower
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.fit import fit_picture
from server.encoders.image import Pixels, prepare_picture

TWELVE_MEGAPIXELS = (4000, 3000)
QUALITY = 90
GRAIN = 500
"""Pixels from one grain to the next of its kind."""


def large_photo_ratio(
    bundle: Path, rounds: int, *, size: tuple[int, int] = TWELVE_MEGAPIXELS
) -> dict[str, float]:
    """Compare both ways on one drawn photograph, in pairs that take turns at being first.

    Returns:
        ``ratio``: median of the pairs' time of `prepare_picture` over that of `whole_picture`;
        ``cosine``: of the two embeddings; ``milliseconds`` and ``whole_milliseconds``: the medians.
        Times are of this thread's processor, which a busy machine disturbs least.

    Raises:
        ValueError: The bundle has no image tower.
    """
    encoder = EmbeddedEncoder(bundle, threads=1)
    tower = encoder.manifest.image
    if tower is None:
        raise ValueError(f"{bundle} has no image tower; name a bundle that has one")
    photo = photo_like(*size)
    ways = {"scaled": prepare_picture, "whole": whole_picture}
    times: dict[str, list[float]] = {name: [] for name in ways}
    pixels = {name: way(photo, tower) for name, way in ways.items()}  # the first is a warm-up
    for turn in range(rounds):
        for name in sorted(ways, reverse=turn % 2 == 1):
            start = time.thread_time()
            ways[name](photo, tower)
            times[name].append(time.thread_time() - start)
    both = np.stack([pixels["scaled"], pixels["whole"]])
    scaled, whole = encoder.encode_pictures(both, deadline=Deadline.never())
    encoder.close()
    spent = {name: median(taken) for name, taken in times.items()}
    return {
        "ratio": median(
            short / full for short, full in zip(times["scaled"], times["whole"], strict=True)
        ),
        "cosine": float(scaled @ whole),
        "milliseconds": spent["scaled"] * 1000,
        "whole_milliseconds": spent["whole"] * 1000,
    }


def whole_picture(data: bytes, tower: ImageTower) -> Pixels:
    """Decode an upright RGB picture at its full size, then fit it to a tower."""
    with Image.open(BytesIO(data)) as picture:
        picture.load()
        return np.array(fit_picture(picture, tower), dtype=np.uint8)


def photo_like(width: int, height: int, *, seed: int = 5) -> bytes:
    """Draw a JPEG with what a photograph has: detail at every scale, edges, light and grain."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for step in (1500, 200, 25, 5):
        coarse = random.normal(0.0, 1.0, (height // step + 2, width // step + 2, 3))
        levels = np.clip(128 + 40 * coarse, 0, 255).astype(np.uint8)
        layer = Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC)
        total += (np.asarray(layer, np.float32) - 128) * (step / 1500) ** 0.3
    row, column = np.mgrid[0:height, 0:width]
    thing = ((row - height / 2) / height) ** 2 + ((column - width / 2) / width) ** 2 < 1 / 14
    total[thing] = total[thing] * 0.4 + (90.0, -20.0, -50.0)
    grain = random.normal(0.0, 4.0, (GRAIN, GRAIN, 1)).astype(np.float32)
    total += np.tile(grain, (height // GRAIN + 1, width // GRAIN + 1, 1))[:height, :width]
    stream = BytesIO()
    Image.fromarray((total + 140).clip(0, 255).astype(np.uint8)).save(
        stream, "JPEG", quality=QUALITY
    )
    return stream.getvalue()
