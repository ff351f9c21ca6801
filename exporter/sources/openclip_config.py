"""OpenCLIP's configuration: what a model is made of, and a refusal of what is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from exporter.sources.errors import SourceError
from exporter.sources.files import read_json
from exporter.spec import ImageTower

IMAGE_FILE = "image.onnx"
_OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
_OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
# Each tower's settings that are read, with OpenCLIP's defaults.
_VISION = {
    "layers": 12, "width": 768, "head_width": 64, "mlp_ratio": 4.0, "patch_size": 16,
    "image_size": 224,
}  # fmt: skip
_TEXT = {
    "context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12,
    "mlp_ratio": 4.0,
}  # fmt: skip
# Settings that change nothing at inference, or nothing while another setting is off.
_IDLE = {
    "patch_dropout", "output_tokens", "timm_model_pretrained", "timm_pool", "timm_proj",
    "timm_proj_bias", "timm_drop", "timm_drop_path", "attn_pooler_queries", "attn_pooler_heads",
    "hf_model_pretrained", "hf_proj_type", "hf_pooler_type", "pad_id", "eos_id", "tokenizer_mode",
}  # fmt: skip
# The one value that a setting may have, where it is not the absence of the thing.
_ONLY: dict[str, Any] = {
    "pool_type": {"visual": "tok", "text": "argmax"},
    "proj_type": {"text": "linear"},
    "pos_embed_type": {"visual": "learnable"},
}
_WHAT = {
    "timm_model_name": "an image tower of timm",
    "hf_model_name": "a text tower of transformers",
    "hf_tokenizer_name": "a tokenizer of transformers",
    "multimodal_cfg": "CoCa, with a decoder of text",
    "layers": "a ResNet image tower",
}
_TAKEN = "a ViT image tower with a class token and CLIP's own text transformer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClipConfig:
    """A CLIP in OpenCLIP's words; ``vision`` and ``text`` hold each setting that is read."""

    dimension: int
    quick_gelu: bool
    vision: Mapping[str, Any]
    text: Mapping[str, Any]
    image: ImageTower
    mean: tuple[float, ...]
    std: tuple[float, ...]


def read_openclip_config(path: Path) -> OpenClipConfig:
    """Read ``open_clip_config.json``, or a bare configuration such as ``ViT-B-32.json``.

    Raises:
        SourceError: ``SOURCE_UNREADABLE``, or ``SOURCE_UNSUPPORTED`` naming what it is.
    """
    document = read_json(path)
    model = document.get("model_cfg", document)
    pictures = document.get("preprocess_cfg", {})
    try:
        if "multimodal_cfg" in model:
            _refuse(path, _WHAT["multimodal_cfg"])
        vision = _tower(path, model["vision_cfg"], part="visual", read=_VISION)
        text = _tower(path, model["text_cfg"], part="text", read=_TEXT)
        mean, std = (
            tuple(float(value) for value in (pictures.get(key) or default))
            for key, default in (("mean", _OPENAI_MEAN), ("std", _OPENAI_STD))
        )
        return OpenClipConfig(
            dimension=int(model["embed_dim"]),
            quick_gelu=bool(model.get("quick_gelu", False)),
            vision=vision,
            text=text,
            image=_image(path, pictures, side=vision["image_size"]),
            mean=mean,
            std=std,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{path} lacks or misspells a setting ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_UNREADABLE") from error


def _tower(
    path: Path, settings: Mapping[str, Any], *, part: str, read: Mapping[str, Any]
) -> dict[str, Any]:
    if isinstance(settings.get("layers"), list):
        _refuse(path, _WHAT["layers"])
    for setting, value in settings.items():
        if setting in read or setting in _IDLE or not value:
            continue
        if value == _ONLY.get(setting, {}).get(part):
            continue
        if setting == "tokenizer_kwargs" and value == {"clean": "lower"}:
            continue
        _refuse(path, _WHAT.get(setting, f"a {part} tower with {setting}: {value}"))
    side = settings.get("image_size", 224)
    if isinstance(side, list):
        if len(set(side)) != 1:
            _refuse(path, f"an image tower for pictures of {side}, which are not square")
        settings = {**settings, "image_size": side[0]}
    return {**read, **{name: settings[name] for name in read if name in settings}}


def _image(path: Path, pictures: Mapping[str, Any], *, side: int) -> ImageTower:
    mode = pictures.get("resize_mode") or "shortest"
    if mode not in {"shortest", "squash"}:
        _refuse(path, f"resize_mode: {mode}")
    size = pictures.get("size") or side
    if size not in (side, [side, side]):
        _refuse(path, f"preprocessing to {size} for an image tower of {side}")
    filtered = pictures.get("interpolation") or "bicubic"
    return ImageTower(
        file=IMAGE_FILE,
        height=side,
        width=side,
        fit="crop" if mode == "shortest" else "stretch",
        # `random` is of training; OpenCLIP serves it as bicubic.
        resample="bilinear" if filtered == "bilinear" else "bicubic",
        shortest_edge=side if mode == "shortest" else None,
        crop_offset="half_even" if mode == "shortest" else "floor",
        transparency="drop",
    )


def _refuse(path: Path, what: str) -> NoReturn:
    message = f"{path} describes {what}; of OpenCLIP, {_TAKEN} are taken"
    raise SourceError(message, reason="SOURCE_UNSUPPORTED")
