"""An adapter is the same in numpy, in torch and in the graph; untrained it changes nothing."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import onnx
import onnxruntime
import torch
from torch.nn import functional

from exporter.adapter import Adapter, append_adapter, apply_adapter, remove_adapters
from exporter.spec import STARTER_DIRECTORY
from exporter.towers.image_head import unit
from tests.exporter.tiny_bundle import DIMENSION, SIDE, write_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("tiny"))


def make_adapter(*, seed: int = 0, rank: int = 4, dimension: int = DIMENSION) -> Adapter:
    random = np.random.default_rng(seed)
    return Adapter(
        down=random.normal(size=(dimension, rank)).astype(np.float32),
        up=random.normal(size=(rank, dimension)).astype(np.float32),
    )


def run(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (embedding,) = session.run(None, inputs)
    return np.asarray(embedding)


INPUTS = {
    "image.onnx": {
        "pixels": np.random.default_rng(1).integers(0, 256, (5, SIDE, SIDE, 3), np.uint8)
    },
    "text.onnx": {
        "input_ids": np.array([[1, 9, 0], [2, 3, 10]], np.int64),
        "attention_mask": np.array([[1, 1, 0], [1, 1, 1]], np.int64),
    },
}


def test_by_hand() -> None:
    """(0.6, 0.8) gives 0.6 * 2 = 1.2 along the first axis: (1.8, 0.8) at unit length."""
    adapter = Adapter(
        down=np.array([[2.0], [0.0]], np.float32), up=np.array([[1.0, 0.0]], np.float32)
    )
    adapted = apply_adapter(adapter, np.array([[0.6, 0.8]], np.float32))
    length = (1.8**2 + 0.8**2) ** 0.5
    assert adapted[0] == pytest.approx([1.8 / length, 0.8 / length], abs=1e-6)


@pytest.mark.parametrize("tower", INPUTS)
def test_the_graph_is_what_torch_computes(bundle: Path, tower: str) -> None:
    model, adapter = onnx.load(bundle / tower), make_adapter()
    vectors = torch.from_numpy(run(model, INPUTS[tower]))
    change = vectors @ torch.from_numpy(adapter.down) @ torch.from_numpy(adapter.up)
    expected = functional.normalize(vectors + change, dim=1).numpy()
    append_adapter(model, adapter)
    onnx.checker.check_model(model, full_check=True)
    assert run(model, INPUTS[tower]) == pytest.approx(expected, abs=1e-6)
    assert apply_adapter(adapter, vectors.numpy()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("tower", INPUTS)
def test_untrained_it_changes_nothing(bundle: Path, tower: str) -> None:
    model = onnx.load(bundle / tower)
    before, shape = run(model, INPUTS[tower]), model.graph.output[0].type
    untrained = Adapter(down=make_adapter().down, up=np.zeros((4, DIMENSION), np.float32))
    append_adapter(model, untrained)
    assert run(model, INPUTS[tower]) == pytest.approx(before, abs=1e-6)
    assert [(value.name, value.type) for value in model.graph.output] == [("embedding", shape)]


def test_one_behind_another_and_all_removed(bundle: Path) -> None:
    model = onnx.load(bundle / "image.onnx")
    bare = model.SerializeToString(deterministic=True)
    vectors = run(model, INPUTS["image.onnx"])
    adapters = [make_adapter(seed=seed, rank=2 + seed) for seed in range(3)]
    for adapter in adapters:
        append_adapter(model, adapter)
        vectors = apply_adapter(adapter, vectors)
    assert run(model, INPUTS["image.onnx"]) == pytest.approx(vectors, abs=1e-6)
    remove_adapters(model)
    assert model.SerializeToString(deterministic=True) == bare
    remove_adapters(model)
    assert model.SerializeToString(deterministic=True) == bare


def test_a_text_tower_of_the_starter_takes_one() -> None:
    model, adapter = onnx.load(STARTER_DIRECTORY / "text_zh.onnx"), make_adapter(dimension=384)
    inputs = {
        "input_ids": np.array([[5, 6, 7]], np.int64),
        "attention_mask": np.ones((1, 3), np.int64),
    }
    vectors = run(model, inputs)
    append_adapter(model, adapter)
    assert run(model, inputs) == pytest.approx(apply_adapter(adapter, vectors), abs=1e-6)


def test_weights_beside_a_tower_stay_there(bundle: Path, tmp_path: Path) -> None:
    model = onnx.load(bundle / "image.onnx")
    onnx.save(
        model, tmp_path / "image.onnx", save_as_external_data=True, location="w", size_threshold=200
    )
    before = (tmp_path / "w").read_bytes()
    apart = onnx.load(tmp_path / "image.onnx", load_external_data=False)
    adapter = make_adapter()
    append_adapter(apart, adapter)
    (tmp_path / "image.onnx").write_bytes(apart.SerializeToString())
    session = onnxruntime.InferenceSession(
        tmp_path / "image.onnx", providers=["CPUExecutionProvider"]
    )
    (adapted,) = session.run(None, INPUTS["image.onnx"])
    expected = apply_adapter(adapter, run(onnx.load(bundle / "image.onnx"), INPUTS["image.onnx"]))
    assert adapted == pytest.approx(expected, abs=1e-6)
    assert (tmp_path / "w").read_bytes() == before


def test_vectors_stay_unit() -> None:
    vectors = unit(np.random.default_rng(2).normal(size=(6, DIMENSION)))
    lengths = np.linalg.norm(apply_adapter(make_adapter(), vectors), axis=1)
    assert lengths == pytest.approx(np.ones(6), abs=1e-6)
