"""CatBoost's YetiRank as a peer."""

from __future__ import annotations

import catboost  # type: ignore[import-not-found,unused-ignore]  # in .venv-rankers alone
import numpy as np

from benchmarks.peers.random_search import Budget, Fitted, Parameters, Rows


class CatBoost:
    """A `Learner`: `catboost.CatBoost` with the loss its documentation recommends for ranking."""

    def defaults(self) -> Parameters:
        """CatBoost's defaults; its learning rate depends on the data, 0.1 stands for it."""
        return {
            "learning_rate": 0.1,
            "depth": 6,
            "l2_leaf_reg": 3.0,
            "random_strength": 1.0,
            "rsm": 1.0,
            "bagging_temperature": 1.0,
        }

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Around the defaults, as its page on tuning advises."""
        return {
            "learning_rate": float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
            "depth": int(rng.integers(3, 8)),
            "l2_leaf_reg": float(np.exp(rng.uniform(np.log(0.1), np.log(30)))),
            "random_strength": float(rng.uniform(0.0, 2.0)),
            "rsm": float(rng.uniform(0.3, 1.0)),
            "bagging_temperature": float(rng.uniform(0.0, 2.0)),
        }

    def fit(
        self, training: Rows, validation: Rows | None, *, parameters: Parameters, budget: Budget
    ) -> Fitted:
        """Train with early stopping where there is something to stop on."""
        settings: dict[str, object] = {
            **parameters,
            "loss_function": "YetiRank",
            "eval_metric": "NDCG:top=10;type=Exp",
            "bootstrap_type": "Bayesian",
            "iterations": budget.rounds,
            "random_seed": budget.seed,
            "thread_count": budget.threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }
        model = catboost.CatBoost(settings)
        if validation is None:
            model.fit(_pool(training))
            return Fitted(score=model.predict, rounds=budget.rounds)
        model.fit(
            _pool(training),
            eval_set=_pool(validation),
            early_stopping_rounds=budget.patience,
            use_best_model=True,
        )
        return Fitted(score=model.predict, rounds=model.tree_count_)


def _pool(rows: Rows) -> catboost.Pool:
    groups = np.repeat(np.arange(len(rows.sizes)), rows.sizes)
    return catboost.Pool(rows.matrix, label=rows.labels, group_id=groups)
