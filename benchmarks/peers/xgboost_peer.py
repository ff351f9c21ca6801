"""XGBoost's `rank:ndcg` as a peer."""

from __future__ import annotations

import numpy as np
import xgboost  # type: ignore[import-not-found,unused-ignore]  # in .venv-rankers alone

from benchmarks.peers.random_search import Budget, Fitted, Floats, Parameters, Rows


class XgBoost:
    """A `Learner`: `xgboost.train` with the objective its documentation gives for ranking."""

    def defaults(self) -> Parameters:
        """XGBoost's defaults."""
        return {
            "eta": 0.3,
            "max_depth": 6,
            "min_child_weight": 1.0,
            "colsample_bytree": 1.0,
            "subsample": 1.0,
            "lambda": 1.0,
        }

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Around the defaults, as its notes on tuning advise."""
        return {
            "eta": float(np.exp(rng.uniform(np.log(0.02), np.log(0.3)))),
            "max_depth": int(rng.integers(3, 9)),
            "min_child_weight": float(np.exp(rng.uniform(np.log(0.01), np.log(10)))),
            "colsample_bytree": float(rng.uniform(0.3, 1.0)),
            "subsample": float(rng.uniform(0.5, 1.0)),
            "lambda": float(np.exp(rng.uniform(np.log(0.01), np.log(30)))),
        }

    def fit(
        self, training: Rows, validation: Rows | None, *, parameters: Parameters, budget: Budget
    ) -> Fitted:
        """Train with early stopping where there is something to stop on."""
        settings: dict[str, object] = {
            **parameters,
            "objective": "rank:ndcg",
            "eval_metric": "ndcg@10",
            "tree_method": "hist",
            "seed": budget.seed,
            "nthread": budget.threads,
            "verbosity": 0,
        }
        rows = _matrix(training)
        if validation is None:
            booster = xgboost.train(settings, rows, num_boost_round=budget.rounds)
            kept = budget.rounds
        else:
            booster = xgboost.train(
                settings,
                rows,
                num_boost_round=budget.rounds,
                evals=[(_matrix(validation), "held_out")],
                early_stopping_rounds=budget.patience,
                verbose_eval=False,
            )
            kept = booster.best_iteration + 1

        def score(matrix: Floats) -> Floats:
            scores: Floats = booster.predict(xgboost.DMatrix(matrix), iteration_range=(0, kept))
            return scores

        return Fitted(score=score, rounds=kept)


def _matrix(rows: Rows) -> xgboost.DMatrix:
    matrix = xgboost.DMatrix(rows.matrix, label=rows.labels)
    matrix.set_group(rows.sizes)
    return matrix
