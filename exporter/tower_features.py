"""Read a finished image tower: the features of pictures, and what its classifier knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exporter.spec import BundleError
from exporter.towers.image_graph import (
    CLASS_NAMES_KEY,
    CLASS_WORDS,
    CLASSIFIER_BIAS,
    CLASSIFIER_WEIGHT,
    FEATURES,
    PIXELS,
    PRIOR_TEMPERATURE,
)
from exporter.towers.image_head import EMBEDDING

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
_BATCH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """The tower's ImageNet classifier: ``weight`` (c, t), ``bias`` (c,), ``words`` (c, d), names.

    It reads the first t features and its prior is the last d of them.
    """

    weight: Floats
    bias: Floats
    words: Floats
    names: tuple[str, ...]

    def shares(self, top: Floats) -> Floats:
        """Probability of every class, (n, c), from features (n, t)."""
        return _softmax(top @ self.weight.T + self.bias)

    def prior(self, top: Floats) -> Floats:
        """Mean text vector of the classes seen, (n, d), as the tower's graph computes it."""
        logits = (top @ self.weight.T + self.bias) / np.float32(PRIOR_TEMPERATURE)
        prior: Floats = _softmax(logits) @ self.words
        return prior


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerOutputs:
    """What a tower makes of n pictures: ``features`` (n, f) and unit ``embeddings`` (n, d)."""

    features: Floats
    embeddings: Floats


class FeatureReader:
    """Runs a tower and keeps its features; one thread unless told, so that it may share."""

    def __init__(self, tower: onnx.ModelProto, *, threads: int = 1) -> None:
        model = onnx.ModelProto()
        model.CopyFrom(tower)
        shape = helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["n", "f"])
        model.graph.output.append(shape)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def read(
        self, pictures: Iterable[Pixels], *, progress: Callable[[int], None] = lambda _: None
    ) -> TowerOutputs:
        """Run prepared pictures, at least one; ``progress`` hears how many are done."""
        remaining = iter(pictures)
        blocks: list[list[Floats]] = []
        done = 0
        while batch := list(islice(remaining, _BATCH)):
            blocks.append(self._session.run([FEATURES, EMBEDDING], {PIXELS: np.stack(batch)}))
            done += len(batch)
            progress(done)
        features, embeddings = (np.concatenate(part) for part in zip(*blocks, strict=True))
        return TowerOutputs(features=features, embeddings=embeddings)


def load_tower(path: Path) -> onnx.ModelProto:
    """Read a tower's file.

    Raises:
        OSError: it cannot be read.
    """
    return onnx.load(path)


def read_classifier(tower: onnx.ModelProto) -> Classifier:
    """Take the classifier out of a tower, whether its weights are stored narrow or not.

    Raises:
        BundleError: ``BUNDLE_NO_CLASSIFIER``: this release did not export the tower.
    """
    tensors = {tensor.name: tensor for tensor in tower.graph.initializer}

    def widened(name: str) -> Floats:
        if name in tensors:
            return np.asarray(numpy_helper.to_array(tensors[name]), np.float32)
        stored = numpy_helper.to_array(tensors[f"{name}_stored"]).astype(np.float32)
        scale = tensors.get(f"{name}_scale")
        return stored if scale is None else np.asarray(stored * numpy_helper.to_array(scale))

    metadata = {entry.key: entry.value for entry in tower.metadata_props}
    if CLASS_NAMES_KEY not in metadata:
        message = "the image tower names no classes; export the bundle with this release"
        raise BundleError(message, reason="BUNDLE_NO_CLASSIFIER")
    return Classifier(
        weight=widened(CLASSIFIER_WEIGHT),
        bias=widened(CLASSIFIER_BIAS),
        words=widened(CLASS_WORDS),
        names=tuple(json.loads(metadata[CLASS_NAMES_KEY])),
    )


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
