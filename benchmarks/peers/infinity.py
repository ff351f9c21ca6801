"""infinity-emb serving the very text tower of a bundle, in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.spec import TextTower
from server.arrays import Float32Array

ENVIRONMENT = Path(".venv-peers")
_START_SECONDS = 120
_IDLE_SECONDS = 2.0
_NAME = "tower"


class InfinityServer:
    """A client of one running server; one connection for each thread that asks."""

    def __init__(self, port: int) -> None:
        self._port = port

    def connect(self) -> InfinityClient:
        """A connection for one thread."""
        return InfinityClient(self._port)


class InfinityClient:
    """Asks for one vector at a time over one kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._asked_at = time.monotonic()

    def encode(self, text: str) -> Float32Array:
        """The unit vector (d,) of one text.

        Raises:
            OSError: the server does not answer, or answers that it failed.
        """
        body = json.dumps({"model": _NAME, "input": [text], "encoding_format": "float"})
        # The server drops connections that were idle for five seconds.
        if time.monotonic() - self._asked_at > _IDLE_SECONDS:
            self._connection.close()
        self._asked_at = time.monotonic()
        self._connection.request("POST", "/embeddings", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        document = json.loads(response.read())
        if response.status != http.HTTPStatus.OK:
            raise OSError(f"infinity answered {response.status}: {document}")
        return np.asarray(document["data"][0]["embedding"], np.float32)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def infinity(
    bundle: Path, tower: TextTower, *, folder: Path, environment: Path = ENVIRONMENT
) -> Iterator[InfinityServer]:
    """Serve ``tower`` until the block ends, with the server's own batching and all of its defaults.

    Raises:
        OSError: it did not start; its log is in ``folder``.
    """
    model = lay_out(bundle, tower, folder / _NAME)
    port = _free_port()
    command = [
        str((environment / "bin" / "infinity_emb").absolute()), "v2", "--model-id", str(model),
        "--served-model-name", _NAME, "--engine", "optimum", "--device", "cpu",
        "--pooling-method", "cls", "--port", str(port), "--host", "127.0.0.1",
        "--no-model-warmup", "--log-level", "error",
    ]  # fmt: skip
    quiet = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}
    with (folder / "infinity.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **quiet}
        )
        try:
            server = InfinityServer(port)
            _wait(server, process, log=folder / "infinity.log")
            yield server
        finally:
            process.terminate()
            process.wait(30)


def lay_out(bundle: Path, tower: TextTower, directory: Path) -> Path:
    """Write ``tower`` as a Hugging Face directory with an ONNX model.

    infinity pools states of tokens, and the tower has pooled already: one node more gives its
    vector as the state of the only token.
    """
    (directory / "onnx").mkdir(parents=True)
    model = onnx.load(bundle / tower.file)
    dimension = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    axis = numpy_helper.from_array(np.array([1], np.int64), "peer_axis")
    model.graph.initializer.append(axis)
    model.graph.node.append(
        helper.make_node("Unsqueeze", ["embedding", "peer_axis"], ["last_hidden_state"])
    )
    del model.graph.output[:]
    model.graph.output.append(
        helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", 1, dimension])
    )
    onnx.save(model, directory / "onnx" / "model.onnx")
    tokenizer = (bundle / tower.tokenizer).read_text("utf-8")
    (directory / "tokenizer.json").write_text(tokenizer, "utf-8")
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "model_max_length": tower.max_tokens}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **special}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": dimension,
        "max_position_embeddings": tower.max_tokens,
    }
    (directory / "config.json").write_text(json.dumps(config), "utf-8")
    return directory


def _wait(server: InfinityServer, process: subprocess.Popen[bytes], *, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        client = server.connect()
        try:
            client.encode("ready?")
        except OSError:
            time.sleep(0.2)
        else:
            return
        finally:
            client.close()
    raise OSError(f"infinity did not start: {log.read_text('utf-8', errors='replace')[-400:]}")


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])
