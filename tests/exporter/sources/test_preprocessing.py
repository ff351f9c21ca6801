"""A processor's settings as the picture half of a bundle: every row read off the file by hand."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.sources.errors import SourceError
from exporter.sources.preprocessing import Preprocessing, read_preprocessing
from exporter.spec import ImageTower


def read(
    directory: Path, settings: dict[str, Any], *, model_type: str = "clip", size: int = 224
) -> Preprocessing:
    (directory / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
    return read_preprocessing(directory, model_type=model_type, image_size=size)


def cropped(side: int, shortest_edge: int) -> ImageTower:
    return ImageTower(
        file="image.onnx",
        height=side,
        width=side,
        fit="crop",
        resample="bicubic",
        shortest_edge=shortest_edge,
        transparency="drop",
    )


def stretched(side: int, resample: Literal["bilinear", "bicubic"] = "bicubic") -> ImageTower:
    return ImageTower(
        file="image.onnx",
        height=side,
        width=side,
        fit="stretch",
        resample=resample,
        transparency="drop",
    )


@pytest.mark.parametrize(
    ("model_type", "settings", "size", "tower"),
    [
        # As OpenAI's first files say it, in whole numbers.
        (
            "clip",
            {"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224},
            224,
            cropped(224, 224),
        ),
        ("clip", {}, 224, cropped(224, 224)),
        (
            "clip",
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}},
            224,
            cropped(224, 256),
        ),
        (
            "chinese_clip",
            {"do_center_crop": False, "size": {"height": 336, "width": 336}},
            336,
            stretched(336),
        ),
        (
            "siglip",
            {"image_processor_type": "SiglipImageProcessorFast", "resample": 2},
            224,
            stretched(224, "bilinear"),
        ),
        ("siglip2", {"patch_size": 16, "max_num_patches": 256}, 0, stretched(256, "bilinear")),
        ("siglip2", {"patch_size": 14, "max_num_patches": 250}, 0, stretched(210, "bilinear")),
    ],
)
def test_settings_become_a_tower(
    tmp_path: Path, model_type: str, settings: dict[str, Any], size: int, tower: ImageTower
) -> None:
    assert read(tmp_path, settings, model_type=model_type, size=size).tower == tower


def test_arithmetic_is_taken_over(tmp_path: Path) -> None:
    plain = read(tmp_path, {"image_mean": 0.5, "image_std": [0.1, 0.2, 0.3]})
    assert (plain.mean, plain.std) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))
    assert plain.scale == pytest.approx(1 / 255)

    off = read(tmp_path, {"do_rescale": False, "do_normalize": False})
    assert (off.scale, off.mean, off.std) == (1.0, (0.0,) * 3, (1.0,) * 3)


def test_a_processor_of_both_sides_comes_first(tmp_path: Path) -> None:
    nested = {"image_processor": {"size": {"shortest_edge": 288}}, "processor_class": "x"}
    (tmp_path / "processor_config.json").write_text(json.dumps(nested), "utf-8")

    assert read(tmp_path, {"size": {"shortest_edge": 256}}).tower == cropped(224, 288)


@pytest.mark.parametrize(
    ("model_type", "settings", "said"),
    [
        ("clip", {"do_resize": False}, "do_resize"),
        ("clip", {"do_pad": True}, "do_pad"),
        ("clip", {"resample": 0}, "resample: 0"),
        ("clip", {"do_center_crop": False}, "without do_center_crop"),
        ("clip", {"crop_size": 336}, "crop_size"),
        ("clip", {"size": {"shortest_edge": 200}}, "shortest_edge: 200"),
        ("clip", {"size": {"height": 300, "width": 224}}, "size"),
        ("siglip", {"size": {"height": 384, "width": 384}}, "384"),
        ("siglip", {"size": {"shortest_edge": 224, "longest_edge": 300}}, "longest_edge"),
        ("clip", {"image_processor_type": "BlipImageProcessor"}, "BlipImageProcessor"),
        ("clip", {"image_processor_type": "Siglip2ImageProcessor"}, "for a clip"),
        ("siglip2", {"image_processor_type": "SiglipImageProcessor"}, "for a siglip2"),
        ("clip", {"image_mean": [0.5, 0.5]}, "mean or std"),
    ],
)
def test_what_is_not_taken_is_named(
    tmp_path: Path, model_type: str, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceError, match=said) as refusal:
        read(tmp_path, settings, model_type=model_type)
    assert refusal.value.reason == "SOURCE_UNSUPPORTED"


def test_a_malformed_size_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="malformed") as refusal:
        read(tmp_path, {"size": {"breadth": 3}})
    assert refusal.value.reason == "SOURCE_UNREADABLE"
