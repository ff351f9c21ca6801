"""A published picture processor's settings as an image tower's: size, fit, filter, arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from transformers.image_processing_backends import PilBackend
from transformers.models.chinese_clip.image_processing_pil_chinese_clip import (
    ChineseCLIPImageProcessorPil,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

from exporter.sources.errors import SourceError
from exporter.sources.files import read_json
from exporter.spec import ImageTower

IMAGE_FILE = "image.onnx"
_RGB = 3
_FILTERS: dict[int, Literal["bilinear", "bicubic", "lanczos"]] = {
    1: "lanczos",
    2: "bilinear",
    3: "bicubic",
}
# As the reference processors write their names into their files, new and old.
_PROCESSORS: dict[str, type[PilBackend]] = {
    "CLIPImageProcessor": CLIPImageProcessorPil,
    "CLIPFeatureExtractor": CLIPImageProcessorPil,
    "ChineseCLIPImageProcessor": ChineseCLIPImageProcessorPil,
    "ChineseCLIPFeatureExtractor": ChineseCLIPImageProcessorPil,
    "SiglipImageProcessor": SiglipImageProcessorPil,
    "Siglip2ImageProcessor": Siglip2ImageProcessorPil,
}
_OF_MODEL = {
    "clip": "CLIPImageProcessor",
    "chinese_clip": "ChineseCLIPImageProcessor",
    "siglip": "SiglipImageProcessor",
    "siglip2": "Siglip2ImageProcessor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How a picture becomes pixels (``tower``), and pixels the model's numbers.

    The model sees ``(value * scale - mean) / std`` a channel. ``grid`` is set for models that take
    patches: so many of them a side.
    """

    tower: ImageTower
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    grid: int | None = None


def read_preprocessing(directory: Path, *, model_type: str, image_size: int) -> Preprocessing:
    """Read what a model's directory says of pictures; what it leaves out is its class's default.

    ``image_size`` is the side in pixels that the model was built for, which has to agree; models
    of patches have none, and their grid is the largest square that their processor allows.

    Raises:
        SourceError: ``SOURCE_UNREADABLE``, or ``SOURCE_UNSUPPORTED`` naming the setting.
    """
    settings = _settings(directory)
    kind = settings.pop("image_processor_type", None) or settings.pop(
        "feature_extractor_type", _OF_MODEL[model_type]
    )
    kind = str(kind).removesuffix("Fast").removesuffix("Pil")
    if kind not in _PROCESSORS:
        _refuse(f"the picture processor {kind}", f"those taken are {', '.join(_PROCESSORS)}")
    try:
        processor = _PROCESSORS[kind](**settings)
    except (TypeError, ValueError) as error:
        message = f"{directory}: preprocessor_config.json is malformed ({error}); fetch it again"
        raise SourceError(message, reason="SOURCE_UNREADABLE") from error
    if (model_type == "siglip2") != isinstance(processor, Siglip2ImageProcessorPil):
        _refuse(f"{kind} for a {model_type}", "fetch the model's own")
    return _translate(processor.to_dict(), image_size=image_size)


def _settings(directory: Path) -> dict[str, Any]:
    """Give the processor's own file; newer directories nest it in the processor's of both sides."""
    both = directory / "processor_config.json"
    if both.is_file():
        nested = read_json(both).get("image_processor")
        if isinstance(nested, dict):
            return nested
    alone = directory / "preprocessor_config.json"
    return read_json(alone) if alone.is_file() else {}


def _translate(stated: dict[str, Any], *, image_size: int) -> Preprocessing:
    if not stated["do_resize"]:
        _refuse("do_resize: false", "pictures of any size have to fit the model")
    if stated.get("do_pad"):
        _refuse("do_pad: true", "the processors taken crop or stretch")
    if stated["resample"] not in _FILTERS:
        _refuse(f"resample: {stated['resample']}", f"the filters taken are {_FILTERS}")
    patches = stated.get("max_num_patches")
    grid = math.isqrt(patches) if patches is not None else None
    tower = (
        _fitted(stated, image_size=image_size)
        if grid is None
        else _stretched(stated, side=grid * stated["patch_size"])
    )
    used = bool(stated["do_normalize"])
    return Preprocessing(
        tower=tower,
        scale=float(stated["rescale_factor"]) if stated["do_rescale"] else 1.0,
        mean=_channels(stated["image_mean"]) if used else (0.0,) * _RGB,
        std=_channels(stated["image_std"]) if used else (1.0,) * _RGB,
        grid=grid,
    )


def _fitted(stated: dict[str, Any], *, image_size: int) -> ImageTower:
    square = {"height": image_size, "width": image_size}
    size, crop = stated["size"], stated["crop_size"] if stated.get("do_center_crop") else None
    if crop is not None and crop != square:
        _refuse(f"crop_size: {crop}", f"the model takes pictures of {image_size} squared")
    if set(size) != {"shortest_edge"}:
        if size != square:
            _refuse(f"size: {size}", f"the model takes pictures of {image_size} squared")
        return _stretched(stated, side=image_size)
    if crop is None:
        _refuse("shortest_edge without do_center_crop", "it gives pictures of any length")
    if size["shortest_edge"] < image_size:
        _refuse(f"shortest_edge: {size['shortest_edge']}", f"the crop of {image_size} is larger")
    return ImageTower(
        file=IMAGE_FILE,
        height=image_size,
        width=image_size,
        fit="crop",
        resample=_FILTERS[stated["resample"]],
        shortest_edge=size["shortest_edge"],
        crop_offset="floor",
        transparency="drop",
    )


def _stretched(stated: dict[str, Any], *, side: int) -> ImageTower:
    return ImageTower(
        file=IMAGE_FILE,
        height=side,
        width=side,
        fit="stretch",
        resample=_FILTERS[stated["resample"]],
        transparency="drop",
    )


def _channels(values: object) -> tuple[float, ...]:
    """Give a number a channel; one number stands for all three."""
    listed = list(values) if isinstance(values, list | tuple) else [values] * _RGB
    numbers = [float(value) for value in listed if isinstance(value, int | float)]
    if len(numbers) != _RGB or len(listed) != _RGB:
        _refuse(f"mean or std {values}", "one number a channel of RGB is taken")
    return tuple(numbers)


def _refuse(what: str, why: str) -> NoReturn:
    message = f"the picture processor's settings hold {what}, which is not taken: {why}"
    raise SourceError(message, reason="SOURCE_UNSUPPORTED")
