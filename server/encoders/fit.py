"""Bring an upright RGB picture to the height and width of an image tower, pixel for pixel as asked.

``crop`` gives what the reference processors give: Hugging Face's CLIP-like ones, and torchvision's
`Resize` and `CenterCrop` where the tower says ``half_even``.
"""

from __future__ import annotations

from PIL import Image

from exporter.spec import ImageTower
from server.encoders.cut_resize import FILTERS, resize_and_cut


def fit_picture(
    picture: Image.Image, tower: ImageTower, *, whole: tuple[int, int] | None = None
) -> Image.Image:
    """Fit a picture of mode RGB to a tower.

    ``whole`` is the width and height that the picture has in its file, where it was decoded at a
    fraction of them: what ``crop`` keeps is counted from these.

    Returns:
        RGB, ``tower.width`` by ``tower.height``.
    """
    target = (tower.width, tower.height)
    if tower.fit == "stretch":
        return picture.resize(target, FILTERS[tower.resample])
    if tower.fit == "crop":
        size = _with_shorter(whole or picture.size, shorter=shorter_side(tower))
        left, top = (
            _offset(length, kept, rounding=tower.crop_offset)
            for length, kept in zip(size, target, strict=True)
        )
        box = (left, top, left + tower.width, top + tower.height)
        return resize_and_cut(picture, size, box=box, resample=tower.resample)
    scale = min(tower.width / picture.width, tower.height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    canvas = Image.new("RGB", target, tower.fill)
    canvas.paste(
        picture.resize(size, FILTERS[tower.resample]),
        ((target[0] - size[0]) // 2, (target[1] - size[1]) // 2),
    )
    return canvas


def shorter_side(tower: ImageTower) -> int:
    """Give the length to which ``crop`` brings a picture's shorter side."""
    return tower.shortest_edge or max(tower.height, tower.width)


def _with_shorter(size: tuple[int, int], *, shorter: int) -> tuple[int, int]:
    """Scale a width and a height so that the smaller becomes ``shorter``; the other is cut off."""
    width, height = size
    # The order of the operations decides how a product just below an integer is cut.
    if width <= height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def _offset(length: int, kept: int, *, rounding: str) -> int:
    """Where the middle ``kept`` of ``length`` pixels begin; negative where there are too few.

    Of an odd number of missing pixels Hugging Face adds the larger half before the picture, and
    torchvision the smaller one.
    """
    if rounding == "floor":
        return (length - kept) // 2
    return round((length - kept) / 2) if length > kept else -((kept - length) // 2)
