"""Tries a model in a child process, which may die of it, before this process reads it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ranker.columns import Float32Array

TIMEOUT_SECONDS = 30.0
"""How long the child process may take to parse and score the sample."""

PROBE = Path(__file__).with_name("probe.py")
"""The program of the child process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the child gave.

    Attributes:
        scores: LightGBM's, float32 (n,).
        onnx_refused: Why the ONNX model must not be opened; empty where it ran, or none was given.
    """

    scores: Float32Array
    onnx_refused: str = ""


def try_in_child(
    model: str,
    *,
    onnx: bytes | None,
    matrix: Sequence[Sequence[float | None]],
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Trial:
    """Have a child process parse the model and score ``matrix``, then the ONNX model likewise.

    Raises:
        ValueError: the model ended the process or took too long, or no process could be started;
            the message says which.
    """
    task = {
        "model": model,
        "onnx": None if onnx is None else base64.b64encode(onnx).decode(),
        "matrix": matrix,
    }
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter on our own file
            [sys.executable, "-P", str(PROBE)],
            input=json.dumps(task).encode(),
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"it took more than {timeout_seconds:g} s to parse") from None
    except OSError as error:
        raise ValueError(f"no process could be started to parse it ({error.strerror})") from error
    said = dict(line.split(b" ", 1) for line in child.stdout.splitlines() if b" [" in line)
    if b"lightgbm" not in said:
        raise ValueError(f"the process that parsed it ended with code {child.returncode}")
    ended = f"the process that ran its ONNX model ended with code {child.returncode}"
    return Trial(
        scores=np.array(json.loads(said[b"lightgbm"]), dtype=np.float32),
        onnx_refused=ended if onnx is not None and b"onnx" not in said else "",
    )
