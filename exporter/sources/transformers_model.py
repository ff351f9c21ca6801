"""CLIP, SigLIP, SigLIP 2 and Chinese-CLIP as `transformers` writes them, as two towers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import ChineseCLIPModel, CLIPModel, PreTrainedModel, Siglip2Model, SiglipModel

from exporter.sources.errors import SourceError
from exporter.sources.files import check_safetensors, credit, read_json
from exporter.sources.hub import Origin
from exporter.sources.model import ImageSource, LoadedModel, TextSource
from exporter.sources.preprocessing import Preprocessing, read_preprocessing
from exporter.sources.quiet import quiet_transformers
from exporter.sources.tokenizer_files import PublishedTokenizer, read_tokenizer
from exporter.sources.towers import Image, MaskedText, PatchImage, Pixels, UnmaskedText
from exporter.sources.weights_report import refuse_weights

_MODELS: dict[str, type[PreTrainedModel]] = {
    "clip": CLIPModel,
    "siglip": SiglipModel,
    "siglip2": Siglip2Model,
    "chinese_clip": ChineseCLIPModel,
}
_FAMILIES = {
    "clip": "clip",
    "siglip": "siglip",
    "siglip2": "siglip",
    "chinese_clip": "chinese_clip",
}
_INDEX = "model.safetensors.index.json"
_MASKED = frozenset({"clip", "chinese_clip"})
# A legacy value that CLIP's configurations carry: the end token is then the one of the highest id.
_HIGHEST_ID = 2


def load_transformers(origin: Origin, *, name: str) -> LoadedModel:
    """Load both towers in float32, for evaluation, every weight from the file.

    Raises:
        SourceError: any reason but ``SOURCE_NOT_FOUND`` and ``SOURCE_NAME``.
    """
    directory = origin.directory
    model_type = read_json(directory / "config.json").get("model_type")
    if model_type not in _MODELS:
        message = (
            f"{directory} holds a model of type {model_type}; "
            f"those taken are {', '.join(_MODELS)}, and OpenCLIP directories"
        )
        raise SourceError(message, reason="SOURCE_UNSUPPORTED")
    weights = _weights(directory)
    model = _load(directory, model_type)
    text, vision = model.config.text_config, model.config.vision_config
    tokenizer = read_tokenizer(
        directory,
        model_type=model_type,
        positions=text.max_position_embeddings,
        vocabulary=text.vocab_size,
    )
    pictures = read_preprocessing(
        directory,
        model_type=model_type,
        image_size=getattr(vision, "image_size", 0),
    )
    image, dimension = _image(model, pictures), _dimension(model, model_type)
    return LoadedModel(
        name=name,
        family=_FAMILIES[model_type],
        dimension=dimension,
        text=_text(model, model_type, tokenizer, directory),
        image=ImageSource(module=image.eval(), tower=pictures.tower),
        source=credit(directory, name=origin.name, revision=origin.revision, weights=weights),
    )


def _weights(directory: Path) -> list[Path]:
    """Give the safetensors files that make up the model, each with a sound header."""
    single, index = directory / "model.safetensors", directory / _INDEX
    if single.is_file():
        files = [single]
    elif index.is_file():
        shards = read_json(index).get("weight_map")
        names = set(shards.values()) if isinstance(shards, dict) else set()
        files = [directory / str(name) for name in sorted(map(str, names))]
        missing = [path.name for path in files if not path.is_file()]
        outside = [path.name for path in files if path.parent.resolve() != directory.resolve()]
        if missing or outside or not files:
            message = f"{index} names {missing or outside or 'no files'}; fetch the model again"
            raise SourceError(message, reason="SOURCE_WEIGHTS")
    else:
        _refuse_without_safetensors(directory)
    for path in files:
        check_safetensors(path)
    return files


def _refuse_without_safetensors(directory: Path) -> None:
    pickled = sorted(path.name for path in directory.glob("*.bin"))
    if pickled:
        message = (
            f"{directory} holds its weights as {pickled[0]}, a pickle; load it where you trust it, "
            "save it with save_pretrained(safe_serialization=True), and name that directory"
        )
        raise SourceError(message, reason="SOURCE_PICKLED")
    message = f"{directory} holds no model.safetensors; fetch the model again"
    raise SourceError(message, reason="SOURCE_WEIGHTS")


def _load(directory: Path, model_type: str) -> PreTrainedModel:
    try:
        with quiet_transformers():
            loaded: Any = _MODELS[model_type].from_pretrained(
                directory,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
                attn_implementation="eager",
                ignore_mismatched_sizes=True,  # they are reported below, with what is missing
                output_loading_info=True,
            )
    except (KeyError, TypeError, ValueError, json.JSONDecodeError, OSError) as error:
        message = f"{directory}: config.json does not describe a {model_type} ({error})"
        raise SourceError(
            f"{message}; fetch the model again", reason="SOURCE_UNREADABLE"
        ) from error
    model, report = loaded
    problems = {
        "missing": sorted(report["missing_keys"]),
        "unexpected": sorted(report["unexpected_keys"]),
        "misshapen": sorted(str(entry[0]) for entry in report["mismatched_keys"]),
        "unreadable": sorted(map(str, report["error_msgs"])),
    }
    refuse_weights(directory, problems)
    module: PreTrainedModel = model.requires_grad_(requires_grad=False)
    return module


def _dimension(model: PreTrainedModel, model_type: str) -> int:
    if model_type in _MASKED:
        return int(model.config.projection_dim)
    return int(model.config.vision_config.hidden_size)


def _text(
    model: PreTrainedModel, model_type: str, tokenizer: PublishedTokenizer, directory: Path
) -> TextSource:
    pad_id, module = tokenizer.pad_id, (MaskedText if model_type in _MASKED else UnmaskedText)
    if model_type == "clip":
        end = model.config.text_config.eos_token_id
        if tokenizer.eos_id is None or end not in {tokenizer.eos_id, _HIGHEST_ID}:
            message = (
                f"{directory}: the model reads a text at token {end}, and its tokenizer ends texts "
                f"with {tokenizer.eos_id}; fetch files of one model"
            )
            raise SourceError(message, reason="SOURCE_TOKENIZER")
        # Nothing after the end token is looked at, unless its id is higher than the end token's.
        pad_id = min(pad_id, tokenizer.eos_id)
    return TextSource(
        module=module(model).eval(),
        tokenizer=tokenizer.document,
        max_tokens=tokenizer.max_tokens,
        padding=tokenizer.padding,
        pad_id=pad_id,
    )


def _image(model: PreTrainedModel, pictures: Preprocessing) -> nn.Module:
    pixels = Pixels(scale=pictures.scale, mean=pictures.mean, std=pictures.std)
    if pictures.grid is not None:
        return PatchImage(model, pixels=pixels, grid=pictures.grid)
    return Image(model, pixels=pixels)
