"""A managed Triton with a bundle's towers, and beside them echoes that do no work."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import model_config_pb2 as pb

from exporter.spec import read_manifest, write_manifest
from exporter.triton.repository import publish
from server.arrays import Float32Array
from server.deadline import Deadline
from server.encoders.managed_command import environment_command
from server.encoders.managed_triton import ManagedTriton
from server.encoders.triton import TritonEncoder, TritonOptions
from server.settings import Settings
from server.triton_wiring import managed_serving

START_SECONDS = 120.0
ECHO_SCRIPT = '''\
"""Answers with unit vectors that cost nothing, for whatever it is sent."""
import json
import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self._size = int(config["output"][0]["dims"][0])
        self._input = config["input"][0]["name"]

    def execute(self, requests):
        answers = []
        for request in requests:
            tensor = pb_utils.get_input_tensor_by_name(request, self._input)
            rows = np.full((tensor.shape()[0], self._size), self._size ** -0.5, np.float32)
            output = pb_utils.Tensor("embedding", rows)
            answers.append(pb_utils.InferenceResponse(output_tensors=[output]))
        return answers
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonBench:
    """The towers, the echoes behind the same client, and raw echoes of uint8 and float32."""

    towers: TritonEncoder
    echo: TritonEncoder
    address: str


class _Silent:
    def triton_up(self, *, up: bool) -> None:
        """Nobody watches a benchmark."""

    def triton_restarted(self) -> None:
        """It is not killed here."""


@contextmanager
def triton_bench(bundle: Path, *, settings: Settings, folder: Path) -> Iterator[TritonBench]:
    """Serve until the block ends, with everything as the settings say."""
    repository = folder / "models"
    repository.mkdir()
    command = environment_command(
        settings.triton.environment, repository=repository, surroundings=os.environ
    )
    with ExitStack() as closing:
        server = closing.enter_context(
            ManagedTriton(command, folder=folder / "triton", observer=_Silent())
        )
        options = TritonOptions(
            address=server.address,
            max_in_flight=settings.triton.max_in_flight,
            rows_a_request=settings.triton.rows_a_request,
            shared_memory=settings.triton.shared_memory,
        )
        serving = managed_serving(settings)
        echo_bundle = _renamed(bundle, folder / "echo")
        for directory in (bundle, echo_bundle):
            publish(directory, repository, options=serving)
        echo_id = read_manifest(echo_bundle).id
        for script in repository.glob(f"{echo_id}_*/*/model.py"):
            script.unlink()  # it may be shared with the tower's
            script.write_text(ECHO_SCRIPT, "utf-8")
        encoders = []
        for directory in (bundle, echo_bundle):
            encoder = TritonEncoder(directory, options=options)
            closing.callback(encoder.close)
            server.serve(
                encoder.manifest.id,
                partial(_load, encoder),
                deadline=Deadline.after(START_SECONDS),
            )
            encoders.append(encoder)
        _publish_raw(repository)
        yield TritonBench(towers=encoders[0], echo=encoders[1], address=server.address)


class RawEcho:
    """Sends rows over plain gRPC with Triton's own client and takes one number a row back."""

    def __init__(self, address: str, *, data_type: str) -> None:
        self._client = triton.InferenceServerClient(address)
        self._name = f"raw_{data_type.lower()}"
        self._type = data_type
        self._client.load_model(self._name)

    def send(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Float32Array:
        """Send (n, ...) and return what came back, (n, 1)."""
        tensor = triton.InferInput("pixels", list(rows.shape), self._type)
        tensor.set_data_from_numpy(rows)
        answer = self._client.infer(self._name, [tensor])
        return np.asarray(answer.as_numpy("embedding"), np.float32)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _load(encoder: TritonEncoder, deadline: Deadline) -> None:
    encoder.load_models(deadline)
    encoder.ready(deadline)


def _renamed(bundle: Path, directory: Path) -> Path:
    """The same files as a bundle of another name, and so of another id."""
    shutil.copytree(bundle, directory)
    write_manifest(directory, replace(read_manifest(directory), name="echo"))
    return directory


def _publish_raw(repository: Path) -> None:
    for name, data_type in (("raw_uint8", pb.TYPE_UINT8), ("raw_fp32", pb.TYPE_FP32)):
        version = repository / name / "1"
        version.mkdir(parents=True)
        (version / "model.py").write_text(ECHO_SCRIPT, "utf-8")
        config = pb.ModelConfig(
            name=name,
            backend="python",
            max_batch_size=64,
            input=[pb.ModelInput(name="pixels", data_type=data_type, dims=[-1, -1, 3])],
            output=[pb.ModelOutput(name="embedding", data_type=pb.TYPE_FP32, dims=[1])],
            instance_group=[pb.ModelInstanceGroup(kind=pb.ModelInstanceGroup.KIND_CPU, count=1)],
        )
        (repository / name / "config.pbtxt").write_text(str(config), "utf-8")
