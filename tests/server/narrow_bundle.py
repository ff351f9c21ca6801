"""A bundle of another space made from the starter: its towers with a projection behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from exporter.spec import (
    STARTER_DIRECTORY,
    ImageTower,
    Manifest,
    TextTower,
    file_record,
    read_manifest,
    write_manifest,
)

DIMENSION = 96


def write_narrow_bundle(directory: Path, *, seed: int = 3) -> Manifest:
    """The starter's English and picture towers, their vectors turned and cut to `DIMENSION`."""
    starter = read_manifest(STARTER_DIRECTORY)
    assert starter.image is not None
    directory.mkdir(parents=True)
    random = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(random.standard_normal((starter.dimension, starter.dimension)))
    matrix = turned[:, :DIMENSION].astype(np.float32)
    english = starter.text[-1]
    for name in (english.file, starter.image.file):
        model = onnx.load(STARTER_DIRECTORY / name)
        _project(model.graph, matrix)
        onnx.save(model, directory / name)
    (directory / english.tokenizer).write_bytes(
        (STARTER_DIRECTORY / english.tokenizer).read_bytes()
    )
    names = (english.file, english.tokenizer, starter.image.file)
    manifest = Manifest(
        name="narrow",
        version="1",
        dimension=DIMENSION,
        text=(TextTower(file=english.file, tokenizer=english.tokenizer, max_tokens=64),),
        image=ImageTower(
            file=starter.image.file, height=starter.image.height, width=starter.image.width
        ),
        files={name: file_record(directory / name) for name in names},
    )
    write_manifest(directory, manifest)
    return manifest


def _project(
    graph: onnx.GraphProto, matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> None:
    """Put a matrix and a unit norm behind the output."""
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == "embedding":
                    names[place] = "wide"
    graph.initializer.append(numpy_helper.from_array(matrix, "projection"))
    graph.node.extend(
        [
            helper.make_node("MatMul", ["wide", "projection"], ["narrow"]),
            helper.make_node("LpNormalization", ["narrow"], ["embedding"], axis=1, p=2),
        ]
    )
    graph.output[0].type.tensor_type.shape.dim[1].dim_value = DIMENSION
