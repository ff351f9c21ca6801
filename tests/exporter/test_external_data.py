"""Weights beside a tower: written when they must be, refused when they lead out of the bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("onnx", reason="the exporter's extra is not installed")
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.external_data import check_external_data, save_tower
from exporter.spec import BundleError

WEIGHT = np.arange(1024, dtype=np.float32)


def adding(weight: onnx.TensorProto) -> onnx.ModelProto:
    """Embedding = pixels + weight."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["pixels", "w"], ["embedding"])],
        "image",
        [value("pixels", TensorProto.FLOAT, [1024])],
        [value("embedding", TensorProto.FLOAT, [1024])],
        [weight],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def pointing(location: str) -> onnx.ModelProto:
    weight = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[1024], data_location=TensorProto.EXTERNAL
    )
    weight.external_data.add(key="location", value=location)
    return adding(weight)


def run(path: Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"pixels": np.ones(1024, np.float32)})[0])


def test_what_fits_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "image.onnx"
    assert save_tower(adding(numpy_helper.from_array(WEIGHT, "w")), path, largest=4096) == (
        "image.onnx",
    )
    assert [each.name for each in tmp_path.iterdir()] == ["image.onnx"]
    assert check_external_data(path) == ()
    assert run(path).tolist() == (WEIGHT + 1).tolist()


def test_what_does_not_fit_has_its_weights_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "image.onnx"
    written = save_tower(adding(numpy_helper.from_array(WEIGHT, "w")), path, largest=4095)
    assert written == ("image.onnx", "image.onnx.data")
    assert check_external_data(path) == ("image.onnx.data",)
    assert path.stat().st_size < 1000
    assert (tmp_path / "image.onnx.data").read_bytes()[:4096] == WEIGHT.tobytes()
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert run(moved / "image.onnx").tolist() == (WEIGHT + 1).tolist()


@pytest.mark.parametrize(
    "location",
    [
        "../secret.data",
        "sub/../../secret.data",
        "sub/../inside.data",
        "{root}/bundle/inside.data",
        "{root}/secret.data",
        "link.data",
        "folder/secret.data",
        "..\\secret.data",
        "C:\\secret.data",
        "missing.data",
    ],
)
def test_weights_outside_the_bundle_are_refused(tmp_path: Path, location: str) -> None:
    bundle = tmp_path / "bundle"
    (bundle / "sub").mkdir(parents=True)
    for path in (tmp_path / "secret.data", bundle / "inside.data"):
        path.write_bytes(WEIGHT.tobytes())
    (bundle / "link.data").symlink_to(tmp_path / "secret.data")
    (bundle / "folder").symlink_to(tmp_path)
    onnx.save(pointing(location.format(root=tmp_path)), bundle / "image.onnx")
    with pytest.raises(BundleError) as refused:
        check_external_data(bundle / "image.onnx")
    assert refused.value.reason == "BUNDLE_EXTERNAL_DATA"


def test_weights_in_a_constant_are_found_too(tmp_path: Path) -> None:
    model = adding(numpy_helper.from_array(WEIGHT, "v"))
    (weight,) = pointing("../secret.data").graph.initializer
    model.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=weight))
    onnx.save(model, tmp_path / "image.onnx")
    with pytest.raises(BundleError, match="secret"):
        check_external_data(tmp_path / "image.onnx")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image.onnx").write_bytes(b"\xff\xff")
    with pytest.raises(BundleError) as refused:
        check_external_data(tmp_path / "image.onnx")
    assert refused.value.reason == "BUNDLE_UNPARSABLE"
