"""Towers on disk: one file, or beyond what a protobuf holds a second file with the weights.

A file's weights may lie outside it, at a path that the file itself names. Such a path must stay
inside the bundle: another one would make the reader of a bundle read any file of its machine.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, external_data_helper, helper

from exporter.spec import BundleError

LARGEST_FILE = 2_000_000_000
"""Bytes of weights that are kept in the model file itself; a protobuf ends at 2^31."""

_SMALLEST_APART = 1024


def save_tower(
    model: onnx.ModelProto, path: Path, *, largest: int = LARGEST_FILE
) -> tuple[str, ...]:
    """Write a tower, and its weights beside it where they exceed ``largest`` bytes.

    Gives the names of the files written: ``image.onnx``, perhaps ``image.onnx.data``. Where weights
    go beside it, they are taken out of ``model``, which a copy would not fit in memory with.
    """
    if sum(_bytes(tensor) for tensor in model.graph.initializer) <= largest:
        onnx.save_model(model, path)
        return (path.name,)
    beside = f"{path.name}.data"
    external_data_helper.convert_model_to_external_data(
        model, location=beside, size_threshold=_SMALLEST_APART
    )
    onnx.save_model(model, path)
    return (path.name, beside)


def check_external_data(path: Path) -> tuple[str, ...]:
    """Give the files beside a tower that hold its weights, in order, without reading them.

    Raises:
        BundleError: ``BUNDLE_EXTERNAL_DATA``, one of them is absolute, leads out of the bundle, or
            is not there; ``BUNDLE_UNPARSABLE``, the file is no ONNX model.
    """
    try:
        model = onnx.load_model(path, load_external_data=False)
    except DecodeError as error:
        message = f"{path} does not open as an ONNX model; export the bundle again"
        raise BundleError(message, reason="BUNDLE_UNPARSABLE") from error
    tensors = external_data_helper._get_all_tensors(model)  # noqa: SLF001 - also finds attributes
    names = dict.fromkeys(
        entry.value
        for tensor in tensors
        if tensor.data_location == TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    )
    for name in names:
        _require_inside(path, name)
    return tuple(names)


def _require_inside(path: Path, name: str) -> None:
    beside = path.parent / name
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute()
    inside = beside.resolve().is_relative_to(path.parent.resolve())
    if absolute or not inside or ".." in PureWindowsPath(name).parts:
        message = f"{path} takes its weights from {name!r}, outside the bundle; do not use it"
        raise BundleError(message, reason="BUNDLE_EXTERNAL_DATA")
    if not beside.is_file():
        message = f"{path} takes its weights from {name!r}, which is missing; copy the whole bundle"
        raise BundleError(message, reason="BUNDLE_EXTERNAL_DATA")


def _bytes(tensor: onnx.TensorProto) -> int:
    return math.prod(tensor.dims) * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
