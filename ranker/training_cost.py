"""What training takes, in seconds and bytes, measured in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ranker.dataset import RankingDataset
from ranker.train import train_dataset

_ROWS_A_QUERY = 100
_STATUS = Path("/proc/self/status")
_DIRECTIONS = (1, 0, 0, 1)


def training_cost(rows: int, features: int, *, timeout_seconds: float = 900) -> tuple[float, int]:
    """Seconds that training takes, and the most memory in bytes that its process held.

    Training is all of it, on drawn data: the linear twin, the choice of rounds on held-out queries,
    the final model, the report. The time of drawing the data is not in it, its memory is.

    Raises:
        subprocess.CalledProcessError: training failed.
        subprocess.TimeoutExpired: it took longer than allowed.
    """
    child = subprocess.run(  # noqa: S603 - our own interpreter on our own module
        [sys.executable, "-m", "ranker.training_cost", str(rows), str(features)],
        stdout=subprocess.PIPE,
        timeout=timeout_seconds,
        check=True,
    )
    measured = json.loads(child.stdout.splitlines()[-1])
    return float(measured["seconds"]), int(measured["peak_bytes"])


def drawn_dataset(rows: int, features: int, *, seed: int) -> RankingDataset:
    """Queries of a hundred rows, graded by a few of the features and by chance."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((rows, features), dtype=np.float32)
    informative = min(8, features)
    liking = matrix[:, :informative] @ np.linspace(1, 0.2, informative, dtype=np.float32)
    liking += np.abs(matrix[:, 0]) + rng.standard_normal(rows, dtype=np.float32)
    bounds = np.quantile(liking, (0.6, 0.8, 0.92, 0.98))
    matrix[rng.random((rows, features), dtype=np.float32) < 0.05] = np.nan  # noqa: PLR2004 - unknown
    whole, rest = divmod(rows, _ROWS_A_QUERY)
    sizes = [_ROWS_A_QUERY] * whole + ([rest] if rest else [])
    return RankingDataset(
        matrix=matrix,
        labels=np.searchsorted(bounds, liking).astype(np.int32),
        sizes=np.array(sizes, dtype=np.int32),
        names=tuple(f"f{place}" for place in range(features)),
        directions=tuple(_DIRECTIONS[place % len(_DIRECTIONS)] for place in range(features)),
    )


def main() -> None:
    """Draw, train, and print what it took."""
    dataset = drawn_dataset(int(sys.argv[1]), int(sys.argv[2]), seed=1)
    began = time.perf_counter()
    trained = train_dataset(dataset, seed=1)
    seconds = time.perf_counter() - began
    measured = {"seconds": seconds, "peak_bytes": _peak_bytes(), "rounds": trained.rounds}
    print(json.dumps(measured))  # noqa: T201 - the parent reads it


def _peak_bytes() -> int:
    """The most memory that this process has held.

    Linux keeps ``ru_maxrss`` of whoever started the program, so its own high-water mark is read.
    """
    if not _STATUS.is_file():  # macOS
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = _STATUS.read_text("ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
