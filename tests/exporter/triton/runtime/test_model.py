"""The script inside Triton, with a stand-in for what Triton gives it and a real graph."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest

from exporter.spec import STARTER_DIRECTORY
from exporter.triton.runtime import model as script

TOWER = STARTER_DIRECTORY / "text_zh.onnx"
Array = np.ndarray[Any, np.dtype[Any]]


class Tensor:
    """A named array, as Triton's is."""

    def __init__(self, name: str, values: Array) -> None:
        self._name, self.values = name, values

    def name(self) -> str:
        return self._name

    def as_numpy(self) -> Array:
        return self.values


class Request:
    """A text of tokens."""

    def __init__(self, ids: Array, *, cancelled: bool = False) -> None:
        self._tensors = [Tensor("attention_mask", np.ones_like(ids)), Tensor("input_ids", ids)]
        self._cancelled = cancelled

    def inputs(self) -> list[Tensor]:
        return self._tensors

    def is_cancelled(self) -> bool:
        return self._cancelled


class TritonError:
    """A message and a code."""

    CANCELLED, INTERNAL = "cancelled", "internal"

    def __init__(self, message: str, code: str) -> None:
        self.message, self.code = message, code


class InferenceResponse:
    """Tensors or an error."""

    def __init__(self, output_tensors: list[Tensor], error: TritonError | None = None) -> None:
        self.output_tensors, self.error = output_tensors, error


class TritonModelException(Exception):
    """What a model that does not load raises."""


@pytest.fixture(autouse=True)
def triton(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the module that only Triton's own process can import."""
    stand_in = ModuleType("triton_python_backend_utils")
    for each in (Tensor, TritonError, InferenceResponse, TritonModelException):
        setattr(stand_in, each.__name__, each)
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)


def arguments(
    folder: Path, *, pad: str = "", device: str = "cpu", kind: str = "CPU"
) -> dict[str, str]:
    parameters = {"model_file": "model.onnx", "threads": "1", "device": device, "pad": pad}
    config = {
        "input": [{"name": "input_ids"}, {"name": "attention_mask"}],
        "parameters": {name: {"string_value": value} for name, value in parameters.items()},
    }
    return {
        "model_config": json.dumps(config), "model_repository": str(folder), "model_version": "1",
        "model_instance_kind": kind, "model_instance_device_id": "0",
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with one version."""
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.onnx").symlink_to(TOWER)
    return tmp_path


def opened(folder: Path, *, pad: str = "") -> script.TritonPythonModel:
    model = script.TritonPythonModel()
    model.initialize(arguments(folder, pad=pad))
    return model


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    """The same graph in this process."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(TOWER, options, providers=["CPUExecutionProvider"])


class Counting:
    """A session that notes the shape of every run."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session, self.shapes = session, list[tuple[int, ...]]()

    def run(self, outputs: list[str], inputs: dict[str, Array]) -> list[Array]:
        self.shapes.append(inputs["input_ids"].shape)
        found: list[Array] = self._session.run(outputs, inputs)
        return found


def rows(response: object) -> Array:
    assert isinstance(response, InferenceResponse)
    assert response.error is None
    (tensor,) = response.output_tensors
    assert tensor.name() == "embedding"
    return tensor.values


def expected(session: onnxruntime.InferenceSession, ids: Array) -> Array:
    found: Array = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
    return found


TEXTS = [np.array([[5, 6, 7]]), np.array([[8, 9]]), np.array([[10, 11, 12], [13, 14, 15]])]


def test_equal_lengths_share_a_run_and_answers_keep_their_order(
    folder: Path, session: onnxruntime.InferenceSession
) -> None:
    model = opened(folder)
    model._session = counting = Counting(model._session)
    responses = model.execute([Request(ids) for ids in TEXTS])
    assert counting.shapes == [(3, 3), (1, 2)]
    for ids, response in zip(TEXTS, responses, strict=True):
        np.testing.assert_allclose(rows(response), expected(session, ids), atol=1e-6)


def test_one_request_is_answered_bit_for_bit(
    folder: Path, session: onnxruntime.InferenceSession
) -> None:
    (response,) = opened(folder).execute([Request(TEXTS[2])])
    assert np.array_equal(rows(response), expected(session, TEXTS[2]))


def test_with_padding_all_share_a_run(folder: Path, session: onnxruntime.InferenceSession) -> None:
    model = opened(folder, pad="0")
    model._session = counting = Counting(model._session)
    responses = model.execute([Request(ids) for ids in TEXTS])
    assert counting.shapes == [(4, 3)]
    for ids, response in zip(TEXTS, responses, strict=True):
        np.testing.assert_allclose(rows(response), expected(session, ids), atol=1e-5)


def test_padding_has_the_token_and_no_attention(folder: Path) -> None:
    group = [{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in TEXTS[:2]]
    joined = script._joined(group, pad=42)
    assert joined["input_ids"].tolist() == [[5, 6, 7], [8, 9, 42]]
    assert joined["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]


def test_whose_caller_has_left_is_not_run(folder: Path) -> None:
    model = opened(folder)
    model._session = counting = Counting(model._session)
    left, answered = model.execute([Request(TEXTS[0], cancelled=True), Request(TEXTS[1])])
    assert isinstance(left, InferenceResponse)
    assert left.error is not None
    assert left.error.code == "cancelled"
    assert rows(answered).shape == (1, 384)
    assert counting.shapes == [(1, 2)]


def test_a_run_that_fails_fails_its_requests_alone(folder: Path) -> None:
    beyond = np.array([[10_000_000, 1]])  # no such token
    failed, answered = opened(folder).execute([Request(beyond), Request(TEXTS[0])])
    assert isinstance(failed, InferenceResponse)
    assert failed.error is not None
    assert failed.error.code == "internal"
    assert rows(answered).shape == (1, 384)


def test_what_is_no_graph_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.onnx").write_text("nothing")
    with pytest.raises(TritonModelException, match="does not open"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("kind", "device", "missing", "cuda"),
    [
        ("CPU", "auto", None, False),
        ("GPU", "cpu", None, False),
        ("GPU", "auto", "libcudnn.so.9", False),
        ("GPU", "auto", None, True),
        ("GPU", "gpu", None, True),
    ],
)
def test_where_it_runs(
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    device: str,
    missing: str | None,
    cuda: bool,  # noqa: FBT001 - a table's column
) -> None:
    monkeypatch.setattr(script, "_missing_library", lambda: missing)
    on_gpu = [("CUDAExecutionProvider", {"device_id": "0"})] if cuda else []
    found = script._providers(arguments(Path(), kind=kind), device=device)
    assert found == [*on_gpu, "CPUExecutionProvider"]


def test_a_gpu_that_was_asked_for_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "_missing_library", lambda: "libcudnn.so.9")
    with pytest.raises(TritonModelException, match=r"libcudnn\.so\.9 does not load"):
        script._providers(arguments(tmp_path, kind="GPU"), device="gpu")
