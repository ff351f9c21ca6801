"""Training: LambdaMART (Burges 2010) on judged queries, its rounds chosen on held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np

from ranker import metrics
from ranker.columns import Float32Array
from ranker.dataset import JudgedQuery, RankingDataset, assemble, split_by_query
from ranker.errors import RankingError
from ranker.features.schema import FEATURES
from ranker.judgments import LABEL_GAINS
from ranker.linear import train_linear
from ranker.model import BoostedRanker

METRIC_PLACES = 10
"""NDCG at this place stops training and is reported."""

_SAMPLE_ROWS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How the trees are grown.

    Attributes:
        rounds: Most trees.
        patience: Rounds without a better held-out NDCG before training stops.
        held_out_share: Share of query keys held out to choose the rounds.
        learning_rate: Weight of each tree.
        leaves: Most leaves of a tree.
        min_rows_in_leaf: Fewest training rows a leaf may stand on.
        feature_share: Share of features each tree may use.
        query_share: Share of queries each tree is grown on.
        l2: Shrinkage of leaf values.
        truncation: Pairs count whose better product stands in the first so many places.
        threads: Threads of LightGBM; results do not depend on it.
    """

    rounds: int = 200
    patience: int = 30
    held_out_share: float = 0.2
    learning_rate: float = 0.1
    leaves: int = 15
    min_rows_in_leaf: int = 40
    feature_share: float = 0.5
    query_share: float = 0.8
    l2: float = 5.0
    truncation: int = 30
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRanker:
    """What training gives, ready for `registry.save`.

    Attributes:
        name: Of the version.
        model: LightGBM's text format.
        rounds: Trees in it.
        metrics: On the queries held out from choosing the rounds, ``ndcg@10`` of the model, of
            retrieval order and of the linear twin, and how many queries trained and were held out.
        sample: Some training rows, float32 (s, m), by which a loaded copy is checked.
        settings: How it was trained.
        seed: Of every random choice.
    """

    name: str
    model: str
    rounds: int
    metrics: Mapping[str, float]
    sample: Float32Array
    settings: TrainingSettings
    seed: int

    def ranker(self) -> BoostedRanker:
        """The model, ready to score."""
        return BoostedRanker(self.model, name=self.name)


def train(
    queries: Sequence[JudgedQuery],
    *,
    seed: int,
    name: str = "lambdamart",
    settings: TrainingSettings | None = None,
) -> TrainedRanker:
    """Choose the rounds on held-out queries, then train as many on all of them.

    Same queries, settings and seed give the same model on the same LightGBM.

    Raises:
        RankingError: too few queries, broken grades, or grades that say nothing.
    """
    settings = settings or TrainingSettings()
    kept, held_out = split_by_query(queries, held_out_share=settings.held_out_share, seed=seed)
    training, validation = assemble(kept), assemble(held_out)
    linear = train_linear(training, seed=seed)
    chosen = _fit(training, seed=seed, settings=settings, validation=validation)
    rounds = max(chosen.best_iteration, 1)
    predicted = chosen.predict(validation.matrix, num_iteration=rounds, num_threads=1)
    held_out_scores = np.asarray(predicted, dtype=np.float32)
    everything = assemble(queries)
    final = _fit(everything, seed=seed, settings=settings, rounds=rounds)
    retrieval = np.concatenate([judged.candidates.retrieval_score for judged in held_out])
    draw = np.random.default_rng(seed).permutation(len(everything.matrix))[:_SAMPLE_ROWS]
    return TrainedRanker(
        name=name,
        model=final.model_to_string(),
        rounds=rounds,
        metrics={
            f"ndcg@{METRIC_PLACES}": _mean_ndcg(held_out_scores, validation),
            f"retrieval_ndcg@{METRIC_PLACES}": _mean_ndcg(retrieval, validation),
            f"linear_ndcg@{METRIC_PLACES}": _mean_ndcg(linear.score(validation.matrix), validation),
            "queries": len(kept),
            "held_out_queries": len(held_out),
        },
        sample=everything.matrix[draw],
        settings=settings,
        seed=seed,
    )


def _fit(
    dataset: RankingDataset,
    *,
    seed: int,
    settings: TrainingSettings,
    validation: RankingDataset | None = None,
    rounds: int | None = None,
) -> lightgbm.Booster:
    parameters = _parameters(seed=seed, settings=settings)
    training = _as_lightgbm(dataset, parameters)
    watched = [] if validation is None else [_as_lightgbm(validation, parameters, like=training)]
    stopping: list[Callable[..., object]] = []
    if validation is not None:
        stopping.append(lightgbm.early_stopping(settings.patience, verbose=False))
    try:
        return lightgbm.train(
            parameters,
            training,
            num_boost_round=rounds or settings.rounds,
            valid_sets=watched,
            callbacks=stopping,
        )
    except lightgbm.basic.LightGBMError as error:
        raise RankingError(f"LightGBM cannot train: {error}") from error


def _parameters(*, seed: int, settings: TrainingSettings) -> dict[str, object]:
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [METRIC_PLACES],
        "label_gain": list(LABEL_GAINS),
        "lambdarank_truncation_level": settings.truncation,
        "monotone_constraints": [feature.direction for feature in FEATURES],
        "monotone_constraints_method": "intermediate",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.min_rows_in_leaf,
        "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.query_share,
        "bagging_freq": 1,
        "bagging_by_query": True,
        "lambda_l2": settings.l2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads,
        "verbosity": -1,
    }


def _as_lightgbm(
    dataset: RankingDataset,
    parameters: Mapping[str, object],
    *,
    like: lightgbm.Dataset | None = None,
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        dataset.matrix,
        label=dataset.labels,
        group=dataset.sizes,
        feature_name=[feature.name for feature in FEATURES],
        reference=like,
        params=dict(parameters),
        free_raw_data=False,
    )


def _mean_ndcg(scores: Float32Array, dataset: RankingDataset) -> float:
    values = []
    for rows in dataset.groups():
        grades = dataset.labels[rows]
        order = np.argsort(-scores[rows], kind="stable")
        values.append(metrics.ndcg(grades[order], grades, k=METRIC_PLACES))
    return metrics.mean_over_queries(values)
