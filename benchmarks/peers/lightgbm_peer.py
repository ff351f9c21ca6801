"""LightGBM's own lambdarank as a peer, with nothing of ours around it."""

from __future__ import annotations

import lightgbm
import numpy as np
import numpy.typing as npt

from benchmarks.peers.random_search import Budget, Fitted, Floats, Parameters, Rows, Scorer


class LightGbm:
    """A `Learner`: `lightgbm.train` with the objective its documentation gives for ranking."""

    def defaults(self) -> Parameters:
        """LightGBM's defaults."""
        return {
            "learning_rate": 0.1,
            "num_leaves": 31,
            "min_data_in_leaf": 20,
            "feature_fraction": 1.0,
            "bagging_fraction": 1.0,
            "lambda_l2": 0.0,
        }

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Around the defaults, as its guide to tuning advises."""
        return {
            "learning_rate": float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
            "num_leaves": int(rng.integers(7, 64)),
            "min_data_in_leaf": int(rng.integers(5, 100)),
            "feature_fraction": float(rng.uniform(0.3, 1.0)),
            "bagging_fraction": float(rng.uniform(0.5, 1.0)),
            "lambda_l2": float(np.exp(rng.uniform(np.log(0.01), np.log(30)))),
        }

    def fit(
        self, training: Rows, validation: Rows | None, *, parameters: Parameters, budget: Budget
    ) -> Fitted:
        """Train with early stopping where there is something to stop on."""
        settings: dict[str, object] = {
            **parameters,
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [10],
            "bagging_freq": 1,
            "seed": budget.seed,
            "num_threads": budget.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        rows = lightgbm.Dataset(
            training.matrix, label=training.labels, group=training.sizes, params=settings
        )
        if validation is None:
            booster = lightgbm.train(settings, rows, num_boost_round=budget.rounds)
            return Fitted(score=_scorer(booster), rounds=budget.rounds)
        watched = lightgbm.Dataset(
            validation.matrix, label=validation.labels, group=validation.sizes, reference=rows
        )
        booster = lightgbm.train(
            settings,
            rows,
            num_boost_round=budget.rounds,
            valid_sets=[watched],
            callbacks=[lightgbm.early_stopping(budget.patience, verbose=False)],
        )
        return Fitted(score=_scorer(booster), rounds=max(booster.best_iteration, 1))


def _scorer(booster: lightgbm.Booster) -> Scorer:
    def score(matrix: Floats) -> npt.NDArray[np.float64]:
        return np.asarray(booster.predict(matrix), dtype=np.float64)

    return score
