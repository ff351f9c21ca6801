"""OpenCLIP's weights: read without running anything, under the names that `CLIPModel` has."""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path
from typing import NoReturn

import torch
from safetensors.torch import load_file
from torch import Tensor

from exporter.sources.errors import SourceError
from exporter.sources.files import check_safetensors

_WHOLE = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "logit_scale": "logit_scale",
}
# Kept the other way round: a matrix that vectors are multiplied with from the left.
_TURNED = {
    "visual.proj": "visual_projection.weight",
    "text_projection": "text_projection.weight",
}
_NORMS = {
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "ln_final": "text_model.final_layer_norm",
}
_BLOCK = re.compile(r"(?P<tower>visual\.)?transformer\.resblocks\.(?P<layer>\d+)\.(?P<rest>.+)")
_IN_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
# Constants of a text tower and a scale that only training's loss uses.
_IDLE = frozenset({"attn_mask", "logit_bias", "context_length", "vocab_size", "input_resolution"})


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a state dict from safetensors or from a torch checkpoint, wrapped as training wraps it.

    Raises:
        SourceError: ``SOURCE_NOT_FOUND``, ``SOURCE_UNREADABLE``, or ``SOURCE_PICKLED`` for anything
            but plain tensors.
    """
    if not path.is_file():
        message = f"{path} is no file; name the checkpoint that the configuration belongs to"
        raise SourceError(message, reason="SOURCE_NOT_FOUND")
    if path.suffix == ".safetensors":
        check_safetensors(path)
        state = load_file(path)
    else:
        state = _torch_checkpoint(path)
    names = (
        name.removeprefix("module.").removeprefix("_orig_mod.").removeprefix("text.")
        for name in state
    )
    return dict(zip(names, state.values(), strict=True))


def _torch_checkpoint(path: Path) -> dict[str, Tensor]:
    if _is_script(path):
        _refuse_pickle(path)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        _refuse_pickle(path)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        message = f"{path} is cut short or no torch checkpoint ({error}); fetch it again"
        raise SourceError(message, reason="SOURCE_UNREADABLE") from error
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in loaded.items()
    ):
        message = f"{path} holds no state dict; save model.state_dict() and name that file"
        raise SourceError(message, reason="SOURCE_UNREADABLE")
    return loaded


def _is_script(path: Path) -> bool:
    """Tell whether this is a TorchScript archive: the code of a model beside its weights."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def _refuse_pickle(path: Path) -> NoReturn:
    message = (
        f"{path} holds more than tensors, and reading it would run what it holds; load it where "
        "you trust it, save its state dict as safetensors, and name that file"
    )
    raise SourceError(message, reason="SOURCE_PICKLED")


def renamed(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Give float32 weights under `CLIPModel`'s names, and the names that have no place in it."""
    weights: dict[str, Tensor] = {}
    unknown = []
    for name, value in state.items():
        found = _rename(name, value.to(torch.float32))
        weights |= found
        if not found and name not in _IDLE:
            unknown.append(name)
    return weights, sorted(unknown)


def _rename(name: str, value: Tensor) -> dict[str, Tensor]:
    if name in _WHOLE:
        # Some models keep the scale as a vector of one number; it is not used here.
        return {_WHOLE[name]: value.reshape(()) if name == "logit_scale" else value}
    if name in _TURNED:
        return {_TURNED[name]: value.T.contiguous()}
    stem, _, kind = name.rpartition(".")
    if stem in _NORMS:
        return {f"{_NORMS[stem]}.{kind}": value}
    match = _BLOCK.fullmatch(name)
    if match is None:
        return {}
    side = "vision_model" if match["tower"] else "text_model"
    layer = f"{side}.encoder.layers.{match['layer']}"
    if match["rest"] in {"attn.in_proj_weight", "attn.in_proj_bias"}:
        kind = match["rest"].rpartition("_")[2]
        parts = zip("qkv", value.chunk(3), strict=False)
        return {f"{layer}.self_attn.{part}_proj.{kind}": rows.clone() for part, rows in parts}
    stem, _, kind = match["rest"].rpartition(".")
    return {f"{layer}.{_IN_BLOCK[stem]}.{kind}": value} if stem in _IN_BLOCK else {}
