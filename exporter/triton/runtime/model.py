"""A tower run by ONNX Runtime inside Triton's Python backend, in Triton's own environment.

Copied beside the ``.onnx`` file of every published version. It sees only what the model's
configuration says: ``model_file``, ``threads``, ``device`` (``auto``, ``gpu`` or ``cpu``) and
``pad`` (the token that fills up shorter texts; nothing where unequal texts are not joined). It
needs numpy below 2 and onnxruntime; the product is not installed here.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

OUTPUT = "embedding"
TOKENS = "input_ids"

# ONNX Runtime's errors share no base class of their own.
_RUNTIME_ERRORS = (
    ort_state.EPFail,
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NoSuchFile,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
)


Array = np.ndarray[Any, np.dtype[Any]]
Tensors = Mapping[str, Array]


class Tensor(Protocol):
    """What is used of Triton's tensor."""

    def name(self) -> str:
        """The input it belongs to."""

    def as_numpy(self) -> Array:
        """A view of its memory."""


class Request(Protocol):
    """What is used of Triton's request."""

    def inputs(self) -> Sequence[Tensor]:
        """Its tensors, in no particular order."""

    def is_cancelled(self) -> bool:
        """Whether the caller no longer waits."""


class TritonPythonModel:
    """One instance of one tower; Triton calls `execute` from one thread at a time."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Open the tower. ``args`` are strings of Triton's: the configuration, place and device."""
        # Only the process that Triton starts can import it.
        self._triton = import_module("triton_python_backend_utils")
        config = json.loads(args["model_config"])
        parameters = {name: each["string_value"] for name, each in config["parameters"].items()}
        self._inputs = tuple(each["name"] for each in config["input"])
        self._pad = int(parameters["pad"]) if parameters["pad"] else None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(parameters["threads"])
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would take the core from the server that waits for the answer.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = Path(args["model_repository"]) / args["model_version"] / parameters["model_file"]
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=_providers(args, device=parameters["device"])
            )
        except _RUNTIME_ERRORS as error:
            message = f"{path} does not open as an ONNX model: {error}"
            raise self._triton.TritonModelException(message) from error

    def execute(self, requests: Sequence[Request]) -> list[object]:
        """One response a request, in order. Requests whose caller has left are not run."""
        responses: list[object] = [None] * len(requests)
        waiting = []
        for place, request in enumerate(requests):
            if request.is_cancelled():
                responses[place] = self._failed("the caller has left", code="CANCELLED")
            else:
                waiting.append((place, self._tensors(request)))
        for group in _groups(waiting, pads=self._pad is not None):
            places = [place for place, _ in group]
            answers = self._answer([tensors for _, tensors in group])
            for place, answer in zip(places, answers, strict=True):
                responses[place] = answer
        return responses

    def _tensors(self, request: Request) -> Tensors:
        """Views of a request's inputs by name; nothing is copied."""
        by_name = {tensor.name(): tensor for tensor in request.inputs()}
        return {name: by_name[name].as_numpy() for name in self._inputs}

    def _answer(self, group: Sequence[Tensors]) -> list[object]:
        """One run for all: joined along the rows, split again after."""
        try:
            (rows,) = self._session.run([OUTPUT], _joined(group, pad=self._pad))
        except _RUNTIME_ERRORS as error:
            return [self._failed(str(error), code="INTERNAL") for _ in group]
        ends = np.cumsum([len(tensors[self._inputs[0]]) for tensors in group])
        return [
            self._triton.InferenceResponse([self._triton.Tensor(OUTPUT, part)])
            for part in np.split(rows, ends[:-1])
        ]

    def _failed(self, message: str, *, code: str) -> object:
        error = self._triton.TritonError
        return self._triton.InferenceResponse(
            output_tensors=[], error=error(message, getattr(error, code))
        )


def _groups(
    waiting: Sequence[tuple[int, Tensors]], *, pads: bool
) -> Iterator[list[tuple[int, Tensors]]]:
    """Those that one run can serve: all of them where padding is allowed, else those of a shape."""
    by_shape: dict[Any, list[tuple[int, Tensors]]] = {}
    for place, tensors in waiting:
        shape = None if pads else tuple(tensor.shape[1:] for tensor in tensors.values())
        by_shape.setdefault(shape, []).append((place, tensors))
    yield from by_shape.values()


def _joined(group: Sequence[Tensors], *, pad: int | None) -> dict[str, Array]:
    if len(group) == 1:
        return dict(group[0])
    longest = max(tensors[name].shape[1] for tensors in group for name in tensors)
    return {
        name: np.concatenate(
            [
                tensors[name]
                if pad is None
                else _padded(tensors[name], longest, value=pad if name == TOKENS else 0)
                for tensors in group
            ]
        )
        for name in group[0]
    }


def _padded(rows: Array, length: int, *, value: int) -> Array:
    """Rows (n, t) filled up to (n, length)."""
    if rows.shape[1] == length:
        return rows
    return np.pad(rows, ((0, 0), (0, length - rows.shape[1])), constant_values=value)


def _providers(args: Mapping[str, str], *, device: str) -> list[Any]:
    """CUDA for an instance on a GPU, else the CPU: asking in vain would print errors."""
    if args["model_instance_kind"] != "GPU" or device == "cpu":
        return ["CPUExecutionProvider"]
    missing = _missing_library()
    if missing is None:
        cuda = ("CUDAExecutionProvider", {"device_id": args["model_instance_device_id"]})
        return [cuda, "CPUExecutionProvider"]
    if device == "gpu":
        raise import_module("triton_python_backend_utils").TritonModelException(
            f"the model is to run on a GPU, but {missing} does not load; install CUDA and cuDNN, "
            "or publish with --device cpu"
        )
    return ["CPUExecutionProvider"]


def _missing_library() -> str | None:
    for library in ("libcuda.so.1", "libcudnn.so.9"):
        try:
            ctypes.CDLL(library)
        except OSError:
            return library
    return None
