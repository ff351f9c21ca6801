"""Views of a picture that show the same product in the same colours, for training a head.

Mirroring, moving closer, moving away and a change of exposure keep both what a thing is and what
colour a shopper would call it; hue shifts and grey scale would not, so they are not used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

_CLOSEST = 0.7  # side of the part kept when moving closer, as a share
_FARTHEST = 0.6  # side of the picture on its canvas when moving away, as a share
_EXPOSURE = 0.15  # largest relative change


def augment(pixels: Pixels, *, random: np.random.Generator) -> Pixels:
    """Give another view of one prepared picture, uint8 (h, w, 3), of the same shape.

    Moving away fills the freed border with the picture's own corner colour.
    """
    height, width = pixels.shape[:2]
    view = Image.fromarray(pixels[:, ::-1] if random.random() < 1 / 2 else pixels)
    if random.random() < 1 / 2:
        share = random.uniform(_CLOSEST, 1)
        left = random.uniform(0, width * (1 - share))
        top = random.uniform(0, height * (1 - share))
        box = (left, top, left + width * share, top + height * share)
        view = view.resize((width, height), Image.Resampling.BILINEAR, box=box)
    else:
        share = random.uniform(_FARTHEST, 1)
        size = (max(1, round(width * share)), max(1, round(height * share)))
        place = (
            int(random.integers(width - size[0] + 1)),
            int(random.integers(height - size[1] + 1)),
        )
        red, green, blue = (int(value) for value in pixels[0, 0])
        canvas = Image.new("RGB", (width, height), (red, green, blue))
        canvas.paste(view.resize(size, Image.Resampling.BILINEAR), place)
        view = canvas
    exposed = np.asarray(view, np.float32) * random.uniform(1 - _EXPOSURE, 1 + _EXPOSURE)
    rounded: Pixels = np.rint(exposed).clip(0, 255).astype(np.uint8)
    return rounded
