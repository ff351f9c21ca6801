"""How a managed Triton is started: no model at first, memory by name, few variables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.encoders.managed_command import environment_command
from server.errors import FailedPrecondition


def test_an_environment_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="make triton") as caught:
        environment_command(tmp_path / "none", repository=tmp_path, surroundings={})
    assert caught.value.reason == "TRITON_ENVIRONMENT"
    assert "--encoder embedded" in caught.value.message


def test_the_command(tmp_path: Path) -> None:
    server = tmp_path / "tritonserver"
    server.touch()
    record = {
        "server": str(server),
        "backends": "/backends",
        "libraries": ["/libraries"],
        "python": "3.11.7",
        "numpy": "1.26.4",
        "onnxruntime": "1.20.0",
    }
    (tmp_path / "triton.json").write_text(json.dumps(record), "utf-8")
    start = environment_command(
        tmp_path,
        repository=tmp_path / "models",
        surroundings={"CUDA_VISIBLE_DEVICES": "1", "PASSWORD": "secret"},
    )
    command = start(grpc_port=20_001, region_prefix="omnishelf_x_")
    assert command.argv[0] == str(server)
    assert f"--model-repository={tmp_path / 'models'}" in command.argv
    assert "--grpc-port=20001" in command.argv
    assert "--backend-config=python,shm-region-prefix-name=omnishelf_x_" in command.argv
    assert not [argument for argument in command.argv if argument.startswith("--load-model")]
    assert command.env["CUDA_VISIBLE_DEVICES"] == "1"
    assert "PASSWORD" not in command.env
