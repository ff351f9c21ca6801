"""Our side of the comparison on the learning-to-rank set: what `omnishelf ranker train` makes."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import lightgbm
import numpy as np

from benchmarks.peers.random_search import Budget, Floats
from ranker.boosting import TrainingSettings
from ranker.dataset import RankingDataset
from ranker.parameter_search import SearchBudget
from ranker.train import train_dataset

BAGS = 5
"""Models of different seeds that are added up, as `omnishelf ranker train --bags 5` does."""


def tuned(training: RankingDataset, test: Floats, *, budget: Budget) -> dict[str, Any]:
    """Search, train, and score ``test``: ``scores`` and what was chosen, as the peers report it.

    The same trials and folds as the peers have; successive halving spends fewer fits on them.
    """
    started = time.monotonic()
    settings = TrainingSettings(
        rounds=budget.rounds, patience=budget.patience, bags=BAGS, threads=budget.threads
    )
    trained = train_dataset(
        training,
        seed=budget.seed,
        settings=settings,
        budget=SearchBudget(trials=budget.trials, seconds=budget.seconds, folds=budget.folds),
    )
    scores = lightgbm.Booster(model_str=trained.model).predict(test)
    return {
        "scores": np.asarray(scores, dtype=np.float64),
        "parameters": asdict(trained.settings),
        "validated": trained.metrics["ndcg@10"],
        "rounds": trained.rounds,
        "seconds": time.monotonic() - started,
    }
