"""OpenCLIP's configurations: what they make, and which are refused, by the words for it."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.sources.errors import SourceError
from exporter.sources.openclip_config import OpenClipConfig, read_openclip_config

VISION = {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}
BARE: dict[str, Any] = {"embed_dim": 512, "vision_cfg": VISION, "text_cfg": TEXT}


def read(directory: Path, document: dict[str, Any]) -> OpenClipConfig:
    path = directory / "config.json"
    path.write_text(json.dumps(document), "utf-8")
    return read_openclip_config(path)


def test_a_bare_configuration_has_the_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, BARE)

    assert (config.dimension, config.quick_gelu) == (512, False)
    assert (config.vision["head_width"], config.vision["mlp_ratio"]) == (64, 4.0)
    assert (config.image.fit, config.image.shortest_edge) == ("crop", 224)
    assert config.mean == (0.48145466, 0.4578275, 0.40821073)


def test_a_directory_says_how_pictures_are_prepared(tmp_path: Path) -> None:
    pictures = {
        "mean": [0.5, 0.5, 0.5], "std": [0.1, 0.2, 0.3], "interpolation": "bilinear",
        "resize_mode": "squash", "size": [224, 224], "mode": "RGB",
    }  # fmt: skip
    config = read(tmp_path, {"model_cfg": {**BARE, "quick_gelu": True}, "preprocess_cfg": pictures})

    assert config.quick_gelu
    assert (config.image.fit, config.image.resample) == ("stretch", "bilinear")
    assert (config.mean, config.std) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))


def test_what_is_off_or_of_training_is_no_obstacle(tmp_path: Path) -> None:
    vision = {**VISION, "patch_dropout": 0.5, "ls_init_value": None, "pool_type": "tok"}
    text = {**TEXT, "pool_type": "argmax", "embed_cls": False, "proj_type": "linear"}

    assert read(tmp_path, {**BARE, "vision_cfg": vision, "text_cfg": text}).dimension == 512


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vision_cfg": {**VISION, "layers": [3, 4, 6, 3]}}, "a ResNet image tower"),
        ({"vision_cfg": {"timm_model_name": "convnext_base", "image_size": 224}}, "timm"),
        ({"text_cfg": {"hf_model_name": "roberta-base"}}, "a text tower of transformers"),
        ({"text_cfg": {**TEXT, "hf_tokenizer_name": "x/y"}}, "a tokenizer of transformers"),
        ({"multimodal_cfg": {"layers": 12}}, "CoCa"),
        ({"vision_cfg": {**VISION, "attentional_pool": True}}, "attentional_pool: True"),
        ({"vision_cfg": {**VISION, "ls_init_value": 0.1}}, "ls_init_value: 0.1"),
        ({"vision_cfg": {**VISION, "image_size": [224, 336]}}, "not square"),
        ({"text_cfg": {**TEXT, "pool_type": "last"}}, "pool_type: last"),
        ({"text_cfg": {**TEXT, "no_causal_mask": True}}, "no_causal_mask"),
        ({"text_cfg": {**TEXT, "tokenizer_kwargs": {"clean": "canonicalize"}}}, "canonicalize"),
        ({"preprocess_cfg": {"resize_mode": "longest"}}, "resize_mode: longest"),
        ({"preprocess_cfg": {"size": 336}}, "preprocessing to 336"),
    ],
)
def test_other_models_are_refused_by_name(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    pictures = change.pop("preprocess_cfg", {})
    document = {"model_cfg": {**BARE, **change}, "preprocess_cfg": pictures}

    with pytest.raises(SourceError, match=said) as refusal:
        read(tmp_path, document)
    assert refusal.value.reason == "SOURCE_UNSUPPORTED"


@pytest.mark.parametrize("missing", ["embed_dim", "vision_cfg", "text_cfg"])
def test_a_setting_left_out_is_named(tmp_path: Path, missing: str) -> None:
    document = {name: value for name, value in BARE.items() if name != missing}

    with pytest.raises(SourceError, match=missing) as refusal:
        read(tmp_path, document)
    assert refusal.value.reason == "SOURCE_UNREADABLE"
