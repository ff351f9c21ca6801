"""Requests to Triton's towers and the answers they give, as messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from tritonclient.grpc import service_pb2

from server.arrays import Float32Array, Int64Array, UInt8Array
from server.encoders.checks import require_unit_rows
from server.encoders.triton_connection import Message
from server.encoders.triton_memory import Region, refer
from server.errors import Unavailable

OUTPUT = "embedding"

_DATATYPES = {np.dtype(np.uint8): "UINT8", np.dtype(np.int64): "INT64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one request asks of one tower.

    Attributes:
        model: the tower's name on Triton.
        to: what it is for, as an error says it: "encode pictures".
        inputs: arrays by name, n rows each, as `exporter.spec` says.
        rows: int64 (n,), where the answers go.
    """

    model: str
    to: str
    inputs: Mapping[str, Int64Array | UInt8Array]
    rows: Int64Array


def request_of(job: Job, *, region: Region | None, seconds: float) -> Message:
    """Write a job as a request.

    Args:
        job: What is asked.
        region: Where the only input lies; None to send every input.
        seconds: How long Triton may keep it in its queue.
    """
    request = service_pb2.ModelInferRequest(model_name=job.model)
    request.parameters["timeout"].int64_param = max(1, int(seconds * 1e6))
    request.outputs.add(name=OUTPUT)
    for name, array in job.inputs.items():
        tensor = request.inputs.add(name=name, datatype=_DATATYPES[array.dtype], shape=array.shape)
        if region is None:
            request.raw_input_contents.append(array.tobytes())
        else:
            refer(tensor, region, size=array.nbytes)
    return request


def rows_of(response: Message, *, count: int, dimension: int) -> Float32Array:
    """Read the vectors (count, dimension) of an answer.

    Raises:
        Unavailable: ``ENCODER_WRONG_SHAPE`` or ``ENCODER_NOT_UNIT``: it holds something else.
    """
    found = [
        (tensor, content)
        for tensor, content in zip(response.outputs, response.raw_output_contents, strict=False)
        if tensor.name == OUTPUT
    ]
    if not found:
        raise _wrong(response, "no embedding")
    tensor, content = found[0]
    shape = (count, dimension)
    bytes_wanted = count * dimension * np.dtype(np.float32).itemsize
    if tensor.datatype != "FP32" or tuple(tensor.shape) != shape or len(content) != bytes_wanted:
        said = f"{tensor.datatype} {list(tensor.shape)} in {len(content)} bytes"
        raise _wrong(response, f"{said} instead of FP32 {list(shape)}")
    vectors = np.frombuffer(content, "<f4").reshape(shape)
    require_unit_rows(vectors, dimension=dimension)
    return vectors


def _wrong(response: Message, what: str) -> Unavailable:
    return Unavailable(
        f"model {response.model_name} of Triton answered {what}; publish its bundle again and see"
        " that Triton's environment is the one that `make triton` builds",
        reason="ENCODER_WRONG_SHAPE",
    )
