"""Ranking that learns, measured: a public collection, simulated shoppers, and what a call costs.

    python -m benchmarks.ranking --json

Parts: ``ltr`` (needs the shared data, and `make rankers` for two of the peers), ``simulation``
(over the shared shop, else over a drawn one), ``bias`` (labels with and without position bias),
``speed``, and ``training`` (half a million rows by forty features). ``--only`` takes some of them.
What a part could not measure stands under ``skipped``, with the reason.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import ranking_ltr, ranking_simulation, ranking_speed
from benchmarks.judged_shop import CATALOG, candidates_of, indexed_shop
from benchmarks.peers.random_search import Budget
from ranker import registry
from ranker.bias_study import debiased_minus_naive
from ranker.intervals import student_interval
from ranker.manifest import MODEL_FILE
from ranker.training_cost import training_cost

PARTS = ("ltr", "simulation", "bias", "speed", "training")
CATALOG_PARTS = {"simulation", "speed"}

TRAINING_ROWS, TRAINING_FEATURES = 500_000, 40


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    started = time.monotonic()
    document = measured(arguments)
    document["seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(document, indent=None if arguments.json else 2))


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """The document that is printed; a part that was not asked for is None."""
    only = set(arguments.only)
    document: dict[str, Any] = {
        "ltr": None,
        "simulation": None,
        "rank_call_over_predict": None,
        "onnx_over_lightgbm": None,
        "skipped": {},
    }
    if "ltr" in only:
        with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
            found = ranking_ltr.measured(
                Path(folder), budget=_budget(arguments), seeds=arguments.seeds
            )
        document["skipped"] |= found.pop("skipped")
        document["ltr"] = found.pop("ltr")
        document["ltr_details"] = found
    if only & CATALOG_PARTS:
        document |= _over_the_shop(arguments, only=only)
    if "bias" in only:
        differences = debiased_minus_naive(range(arguments.bias_seeds))
        document["simulation"] = (document["simulation"] or {}) | {
            "debiased_minus_naive": [round(each, 4) for each in differences],
            "debiased_minus_naive_interval": student_interval(differences).to_json(),
        }
    if "training" in only:
        seconds, peak = training_cost(arguments.training_rows, TRAINING_FEATURES)
        document |= {
            "training_rows": arguments.training_rows,
            "training_seconds": round(seconds, 1),
            "training_peak_bytes": peak,
        }
    return document


def _over_the_shop(arguments: argparse.Namespace, *, only: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    served = registry.load(arguments.ranker) if "speed" in only else None
    with indexed_shop() as (app, queries):
        asked = candidates_of(app, queries)
        if "simulation" in only:
            size = ranking_simulation.Size(
                shoppers=arguments.shoppers, visits=arguments.visits, seed=arguments.seed
            )
            simulation = ranking_simulation.measured(asked, size=size)
            del simulation["trained"]
            found["simulation"] = simulation
        if served is not None:
            found |= ranking_speed.measured(
                asked,
                served=served,
                model=(arguments.ranker / MODEL_FILE).read_text("utf-8"),
                reader=app.catalogs.get(CATALOG).table.reader(),
                effort=ranking_speed.Effort(),
            )
    return found


def _budget(arguments: argparse.Namespace) -> Budget:
    return Budget(
        trials=arguments.trials,
        folds=arguments.folds,
        rounds=arguments.rounds,
        patience=40,
        seconds=arguments.seconds,
        threads=arguments.threads,
        seed=arguments.seed,
    )


def _arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    parser.add_argument("--trials", type=int, default=10, help="parameter sets a library tries")
    parser.add_argument("--folds", type=int, default=4, help="folds a set is tried on")
    parser.add_argument("--rounds", type=int, default=300, help="most trees")
    parser.add_argument("--seconds", type=float, default=120, help="no new trial after so many")
    parser.add_argument("--seeds", type=int, default=2, help="searches averaged for each library")
    parser.add_argument("--threads", type=int, default=2, help="threads of each library")
    parser.add_argument("--shoppers", type=int, default=60, help="simulated shoppers of each half")
    parser.add_argument("--visits", type=int, default=50, help="searches of each in a period")
    parser.add_argument("--bias-seeds", type=int, default=10, help="seeds of the bias study")
    parser.add_argument("--training-rows", type=int, default=TRAINING_ROWS)
    parser.add_argument("--ranker", type=Path, default=registry.DEFAULT_DIRECTORY, help="timed")
    parser.add_argument("--seed", type=int, default=11, help="of every random choice")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
