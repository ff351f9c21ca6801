"""Scores rows with a model that is not trusted yet; run as a process of its own.

LightGBM ends the process on a truncated model and on some edited ones. The caller writes
``{"model": text, "onnx": base64 or null, "matrix": rows}`` as JSON to standard input, unknown
values as null. The process writes a line ``lightgbm`` with the scores as a JSON list, then, where
an ONNX model was given, a line ``onnx`` with its scores. The first line without the second means
that only the ONNX model failed.
"""

from __future__ import annotations

import base64
import json
import sys

# LightGBM imports these wherever they are installed, which takes longer than all the rest.
_NOT_NEEDED = ("cffi", "dask", "matplotlib", "pandas", "polars", "pyarrow", "sklearn")


def main() -> None:
    """Read, parse, score, write."""
    for name in _NOT_NEEDED:
        sys.modules[name] = None  # type: ignore[assignment]
    import lightgbm  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    task = json.load(sys.stdin)
    matrix = np.array(task["matrix"], dtype=np.float32)
    booster = lightgbm.Booster(model_str=task["model"])
    scores = booster.predict(matrix, raw_score=True, num_threads=1)
    # LightGBM may print notes of its own first.
    print("\nlightgbm", json.dumps(np.asarray(scores).tolist()), flush=True)  # noqa: T201
    if task["onnx"] is None:
        return
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        base64.b64decode(task["onnx"]), options, providers=["CPUExecutionProvider"]
    )
    (given,) = session.run(None, {session.get_inputs()[0].name: matrix})
    print("onnx", json.dumps(np.ravel(given).tolist()), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
