"""A child process: one library's random search on rows from a file, its scores to standard output.

    python -m benchmarks.peers.tuned {lightgbm,xgboost,catboost} ROWS.npz BUDGET_JSON

Runs in whichever environment has the library, so it needs no more than that and numpy.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.peers.random_search import Budget, Learner, Rows, search

LIBRARIES = ("lightgbm", "xgboost", "catboost")


def main() -> None:
    """Search and print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("rows", type=Path)
    parser.add_argument("budget", type=json.loads)
    arguments = parser.parse_args()
    with np.load(arguments.rows) as given:
        training = Rows(matrix=given["matrix"], labels=given["labels"], sizes=given["sizes"])
        test = given["test"]
    found = search(
        _learner(arguments.library), training=training, test=test, budget=Budget(**arguments.budget)
    )
    document = {
        "scores": found.scores.tolist(),
        "parameters": dict(found.parameters),
        "validated": found.validated,
        "trials": found.trials,
        "seconds": found.seconds,
    }
    print(json.dumps(document))


def _learner(library: str) -> Learner:
    """The library's learner; only that library is imported."""
    if library == "lightgbm":
        from benchmarks.peers.lightgbm_peer import LightGbm  # noqa: PLC0415 - one environment each

        return LightGbm()
    if library == "xgboost":
        from benchmarks.peers.xgboost_peer import XgBoost  # noqa: PLC0415 - one environment each

        return XgBoost()
    from benchmarks.peers.catboost_peer import CatBoost  # noqa: PLC0415 - one environment each

    return CatBoost()


if __name__ == "__main__":
    main()
