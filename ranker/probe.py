"""Scores rows with a model that is not trusted yet; run as a process of its own.

LightGBM ends the process on a truncated model and on some edited ones. The caller writes
``{"model": text, "matrix": rows}`` as JSON to standard input, unknown values as null, and reads the
scores as a JSON list from standard output. Exit code 0 means that the model parsed and scored.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Read, parse, score, write."""
    # LightGBM imports pandas wherever it is installed, which takes longer than all the rest.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    import lightgbm  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    task = json.load(sys.stdin)
    booster = lightgbm.Booster(model_str=task["model"])
    matrix = np.array(task["matrix"], dtype=np.float32)
    scores = booster.predict(matrix, raw_score=True, num_threads=1)
    json.dump(np.asarray(scores).tolist(), sys.stdout)


if __name__ == "__main__":
    main()
