"""A whole bundle of a few kilobytes, its towers random, for tests of what is trained behind them.

Texts are the mean of a random vector for every word; pictures are random features of their mean
colour. The two have nothing to do with each other until something is trained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.align_data import Sample
from exporter.spec import ImageTower, Manifest, TextTower, file_record, write_manifest
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder

DIMENSION = 24
SIDE = 16
COLOURS = {
    "red": (200, 20, 30),
    "green": (30, 140, 50),
    "blue": (30, 60, 190),
    "yellow": (235, 220, 40),
    "black": (15, 15, 15),
    "white": (245, 245, 245),
    "pink": (245, 150, 190),
    "brown": (110, 65, 30),
}
_WORDS = ("[UNK]", *COLOURS, "mug", "cup", "shirt", "bag", "men", "women", "gear")
_FEATURES = 32


def write_tiny_bundle(directory: Path) -> Path:
    """Write the bundle into ``directory``, which is made where absent, and give it back."""
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    onnx.save(_text_tower(random), directory / "text.onnx")
    onnx.save(_image_tower(random), directory / "image.onnx")
    tokenizer: dict[str, object] = {
        "version": "1.0",
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {
            "type": "WordLevel",
            "vocab": {word: place for place, word in enumerate(_WORDS)},
            "unk_token": "[UNK]",
        },
        "added_tokens": [],
        "truncation": None,
        "padding": None,
        "post_processor": None,
        "decoder": None,
    }
    (directory / "text.tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    names = ("text.onnx", "image.onnx", "text.tokenizer.json")
    manifest = Manifest(
        name="tiny",
        version="1",
        dimension=DIMENSION,
        text=(TextTower(file="text.onnx", tokenizer="text.tokenizer.json", max_tokens=8),),
        image=ImageTower(file="image.onnx", height=SIDE, width=SIDE),
        files={name: file_record(directory / name) for name in names},
        training={"steps": 3},
    )
    write_manifest(directory, manifest)
    return directory


def tiny_samples(count: int) -> list[Sample]:
    """Pictures of one colour each, a product a picture, captioned by their colour."""
    random = np.random.default_rng(3)
    samples = []
    for number, (name, colour) in enumerate(islice(cycle(COLOURS.items()), count)):
        shade = np.array(colour) + random.integers(-12, 13, 3)
        pixels = np.full((SIDE, SIDE, 3), 255, np.uint8)
        pixels[2:-2, 2:-2] = shade.clip(0, 255)
        sample = Sample(
            picture=lambda pixels=pixels: pixels,  # type: ignore[misc]
            captions=(f"{name} mug", f"{name} cup"),
            colour=name,
            group=f"shop/{number}",
            source="shop",
        )
        samples.append(sample)
    return samples


class ServedTowers:
    """The towers as a server runs them, counting the pictures they were given."""

    def __init__(self, directory: Path) -> None:
        self.pictures = 0
        self._encoder = EmbeddedEncoder(directory, threads=1)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._encoder.encode_texts(texts, deadline=Deadline.never())

    def encode_pictures(self, pixels: np.ndarray) -> np.ndarray:
        self.pictures += len(pixels)
        return self._encoder.encode_pictures(pixels, deadline=Deadline.never())


def _text_tower(random: np.random.Generator) -> onnx.ModelProto:
    table = random.normal(size=(len(_WORDS), DIMENSION)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"], axis=0),
        helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["seen", "last"], ["shares"]),
        helper.make_node("Mul", ["rows", "shares"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["sum"], keepdims=0),
        *_unit("sum"),
    ]
    tensors = {"table": table, "last": [2], "tokens": [1]}
    ids = [_value(name, TensorProto.INT64, "n", "t") for name in ("input_ids", "attention_mask")]
    return _model(nodes, inputs=ids, tensors=tensors)


def _image_tower(random: np.random.Generator) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["pixels"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["wide", "area"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "mix"], ["mixed"]),
        helper.make_node("Add", ["mixed", "bias"], ["moved"]),
        helper.make_node("Tanh", ["moved"], ["features"]),
        helper.make_node("MatMul", ["features", "project"], ["projected"]),
        *_unit("projected"),
    ]
    tensors = {
        "area": [1, 2],
        "mix": (random.normal(size=(3, _FEATURES)) / 100).astype(np.float32),
        "bias": random.normal(size=_FEATURES).astype(np.float32),
        "project": random.normal(size=(_FEATURES, DIMENSION)).astype(np.float32),
    }
    pixels = _value("pixels", TensorProto.UINT8, "n", SIDE, SIDE, 3)
    return _model(nodes, inputs=[pixels], tensors=tensors)


def _unit(value: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("ReduceL2", [value, "axis"], ["length"], keepdims=1),
        helper.make_node("Div", [value, "length"], ["embedding"]),
    ]


def _model(
    nodes: list[onnx.NodeProto], *, inputs: list[onnx.ValueInfoProto], tensors: dict[str, object]
) -> onnx.ModelProto:
    constants = [
        numpy_helper.from_array(np.array(value), name)
        for name, value in ({"axis": [1]} | tensors).items()
    ]
    output = _value("embedding", TensorProto.FLOAT, "n", DIMENSION)
    graph = helper.make_graph(nodes, "tower", inputs, [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))
