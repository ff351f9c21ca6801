"""NDCG@10 on the shared learning-to-rank set: ours beside LightGBM, XGBoost and CatBoost.

Every side gets the same training rows, budget of trials, folds, rounds, patience and threads, and
none sees the test queries. The peers run in child processes, in environments that have them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.random_search import Budget, Rows, ndcg_of_queries
from benchmarks.ranking_ours import tuned
from ranker.dataset import RankingDataset
from ranker.intervals import bootstrap_interval
from ranker.libsvm import read_libsvm
from ranker.metrics import mean_over_queries

SHARED = Path(__file__).parents[1] / "../shared/datasets/ltr"
ENVIRONMENT = Path(".venv-rankers")
_THEIRS = ENVIRONMENT / "bin" / "python"
PEERS = {"lightgbm": Path(sys.executable), "xgboost": _THEIRS, "catboost": _THEIRS}
_ABSENT = f"needs {ENVIRONMENT}; make it with `make rankers`"


def measured(folder: Path, *, budget: Budget, seeds: int, data: Path = SHARED) -> dict[str, Any]:
    """``ltr``: mean NDCG@10 over the test queries and seeds by library, and how it came about.

    Whole searches are repeated with ``seeds`` seeds and their test values averaged: one search on
    two hundred queries is a matter of luck. Queries without a relevant row are left out for all.

    Returns:
        ``ltr`` by library (None where it is not installed), ``over_best_peer``, ``ours_minus_peer``
        (intervals over queries), ``searches`` (what each chose), ``skipped`` (why).
    """
    if not (data / "rank.train").is_file():
        return {"ltr": None, "skipped": {"ltr": f"no {data}"}}
    taught = read_libsvm(data / "rank.train")
    training = _rows(taught)
    test = _rows(read_libsvm(data / "rank.test", features=taught.matrix.shape[1]))
    values: dict[str, list[list[float]]] = {}
    searches: dict[str, list[object]] = {}
    skipped: dict[str, str] = {}
    for seed in range(seeds):
        each = Budget(**{**asdict(budget), "seed": budget.seed + seed})
        for name in ("ours", *PEERS):
            if name != "ours" and not PEERS[name].is_file():
                skipped[name] = _ABSENT
                continue
            found = (
                tuned(taught, test.matrix, budget=each)
                if name == "ours"
                else _peer(name, training, test.matrix, budget=each, folder=folder)
            )
            scores = np.asarray(found.pop("scores"))
            values.setdefault(name, []).append(
                ndcg_of_queries(scores, test.labels, test.sizes.tolist())
            )
            searches.setdefault(name, []).append(found)
    by_query = {name: np.mean(np.array(runs), axis=0) for name, runs in values.items()}
    means = {name: mean_over_queries(found.tolist()) for name, found in by_query.items()}
    peers = [name for name in means if name != "ours"]
    return {
        "ltr": {name: _rounded(means.get(name)) for name in ("ours", *PEERS)},
        "over_best_peer": _rounded(means["ours"] / max(means[name] for name in peers)),
        "by_seed": {
            name: [_rounded(mean_over_queries(run)) for run in runs]
            for name, runs in values.items()
        },
        "ours_minus_peer": {
            name: bootstrap_interval(
                by_query["ours"] - by_query[name], seed=budget.seed, resamples=10_000
            ).to_json()
            for name in peers
        },
        "test_queries": int(np.count_nonzero(~np.isnan(by_query["ours"]))),
        "budget": asdict(budget) | {"seeds": seeds},
        "searches": searches,
        "skipped": skipped,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rows(dataset: RankingDataset) -> Rows:
    return Rows(matrix=dataset.matrix, labels=dataset.labels, sizes=dataset.sizes)


def _peer(
    library: str, training: Rows, test: np.ndarray[Any, Any], *, budget: Budget, folder: Path
) -> dict[str, Any]:
    rows = folder / "rows.npz"
    np.savez(rows, matrix=training.matrix, labels=training.labels, sizes=training.sizes, test=test)
    command = [PEERS[library], "-m", "benchmarks.peers.tuned", library, rows]
    child = subprocess.run(
        [*map(str, command), json.dumps(asdict(budget))],
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        raise SystemExit(f"{library} failed:\n{child.stderr[-2_000:]}")
    found: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return found
