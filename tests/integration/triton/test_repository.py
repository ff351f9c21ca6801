"""A real Triton serves what was published, as the towers would answer in this process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import np_to_triton_dtype

from exporter.spec import STARTER_DIRECTORY, model_name, read_manifest
from exporter.triton.options import ServingOptions
from exporter.triton.repository import publish, unpublish
from exporter.triton.server_environment import server_command
from server.encoders.managed_ports import free_port

Array = np.ndarray[Any, np.dtype[Any]]

STARTER = read_manifest(STARTER_DIRECTORY)
NAMES = {file: model_name(STARTER.id, file) for file in STARTER.files if file.endswith(".onnx")}
READY_SECONDS = 150.0
RANDOM = np.random.default_rng(11)
# What waits longer in Triton's own queue is refused; a machine that stands still is no reason.
QUEUED_MICROSECONDS = 60_000_000
OPTIONS = ServingOptions(
    runtime="python", max_batch=4, instances=1, queue_timeout_microseconds=QUEUED_MICROSECONDS
)


def texts(rows: int, *, tokens: int) -> dict[str, Array]:
    ids = RANDOM.integers(5, 900, (rows, tokens))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def pictures(rows: int) -> dict[str, Array]:
    return {"pixels": RANDOM.integers(0, 256, (rows, 260, 260, 3), np.uint8)}


def in_process(file: str, inputs: dict[str, Array]) -> Array:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        STARTER_DIRECTORY / file, options, providers=["CPUExecutionProvider"]
    )
    found: Array = session.run(["embedding"], inputs)[0]
    return found


def infer(client: triton.InferenceServerClient, name: str, inputs: dict[str, Array]) -> Array:
    tensors = []
    for input_name, values in inputs.items():
        dtype = np_to_triton_dtype(values.dtype)
        tensors.append(triton.InferInput(input_name, values.shape, dtype))
        tensors[-1].set_data_from_numpy(values)
    found: Array = client.infer(name, tensors).as_numpy("embedding")
    return found


def wait_until_ready(
    client: triton.InferenceServerClient, *, server: subprocess.Popen[bytes], log: Path
) -> None:
    """Ask until every tower is ready; fail when Triton ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(triton.InferenceServerException):  # it does not listen yet
            if all(client.is_model_ready(name) for name in NAMES.values()):
                return
        time.sleep(0.05)
    pytest.fail(f"not ready: {log.read_text('utf-8')}")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the starter, which the tests of this file may change."""
    place = tmp_path_factory.mktemp("repository") / "models"
    publish(STARTER_DIRECTORY, place, options=OPTIONS)
    return place


@pytest.fixture(scope="module")
def client(
    triton_environment: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[triton.InferenceServerClient]:
    """Ask a Triton that has loaded the whole repository."""
    log = tmp_path_factory.mktemp("log") / "triton.log"
    port = free_port()
    command = server_command(
        triton_environment, repository=repository, grpc_port=port, surroundings=os.environ
    )
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command.argv, env=dict(command.env), stdout=output, stderr=output
        ) as server,
        triton.InferenceServerClient(f"127.0.0.1:{port}") as asking,
    ):
        try:
            wait_until_ready(asking, server=server, log=log)
            yield asking
        finally:
            server.terminate()
            assert server.wait(120) == 0, log.read_text("utf-8")


@pytest.mark.parametrize(
    ("file", "inputs"),
    [
        ("text_en.onnx", texts(1, tokens=6)),
        ("text_en.onnx", texts(3, tokens=9)),
        ("text_zh.onnx", texts(1, tokens=4)),
        ("text_zh.onnx", texts(4, tokens=64)),
        ("image.onnx", pictures(1)),
        ("image.onnx", pictures(3)),
    ],
)
def test_answers_are_those_of_this_process_bit_for_bit(
    client: triton.InferenceServerClient, file: str, inputs: dict[str, Array]
) -> None:
    found, expected = infer(client, NAMES[file], inputs), in_process(file, inputs)
    assert found.shape == expected.shape
    assert np.array_equal(found, expected), f"off by {np.abs(found - expected).max()}"


def test_the_configuration_arrives_as_it_was_published(
    client: triton.InferenceServerClient,
) -> None:
    config = client.get_model_config(NAMES["image.onnx"]).config
    policy = config.dynamic_batching.default_queue_policy
    assert config.max_batch_size == 4
    assert (policy.max_queue_size, policy.allow_timeout_override) == (256, True)
    assert config.parameters["bundle"].string_value == STARTER.id
    assert not config.response_cache.enable


def test_what_does_not_fit_the_contract_is_refused(client: triton.InferenceServerClient) -> None:
    with pytest.raises(triton.InferenceServerException, match="pixels"):
        infer(client, NAMES["image.onnx"], {"pixels": np.zeros((1, 10, 10, 3), np.uint8)})
    with pytest.raises(triton.InferenceServerException, match="batch-size"):
        infer(client, NAMES["text_en.onnx"], texts(5, tokens=2))


def test_a_model_is_published_anew_and_loaded_while_it_answers(
    client: triton.InferenceServerClient, repository: Path
) -> None:
    joining = ServingOptions(
        runtime="python", max_batch=8, ragged=True, queue_size=64,
        queue_timeout_microseconds=QUEUED_MICROSECONDS,
    )  # fmt: skip
    publish(STARTER_DIRECTORY, repository, options=joining)
    name = NAMES["text_en.onnx"]
    client.load_model(name)
    assert client.get_model_config(name).config.max_batch_size == 8

    asked = [texts(1, tokens=tokens) for tokens in (3, 9, 5, 12)]
    with ThreadPoolExecutor(len(asked)) as threads:
        found = list(threads.map(lambda inputs: infer(client, name, inputs), asked))
    for inputs, answer in zip(asked, found, strict=True):
        np.testing.assert_allclose(answer, in_process("text_en.onnx", inputs), atol=1e-5)


def test_what_was_taken_back_can_still_be_unloaded(
    client: triton.InferenceServerClient, repository: Path
) -> None:
    unpublish(repository, STARTER.id)
    name = NAMES["text_zh.onnx"]
    assert infer(client, name, texts(1, tokens=4)).shape == (1, 384)
    client.unload_model(name)
    deadline = time.monotonic() + READY_SECONDS
    while client.is_model_ready(name):  # unloading goes on after the answer
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(triton.InferenceServerException):
        client.load_model(name)
