"""LambdaMART by LightGBM: how trees are grown on a dataset, and when growing stops."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ranker import metrics
from ranker.columns import Float32Array
from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.judgments import LABEL_GAINS
from ranker.plain_lightgbm import lightgbm

METRIC_PLACES = 10
"""NDCG at this place stops training and is reported."""

_TRAINING, _HELD_OUT = "training", "held out"


def all_threads() -> int:
    """Cores this process may use: training takes them all unless it is told otherwise."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How the trees are grown.

    Attributes:
        rounds: Most trees (of one bag).
        patience: Rounds without a better held-out NDCG before training stops.
        held_out_share: Share of query keys held out to choose the rounds.
        learning_rate: Weight of each tree.
        leaves: Most leaves of a tree.
        min_rows_in_leaf: Fewest training rows a leaf may stand on.
        feature_share: Share of features each tree may use.
        query_share: Share of queries each tree is grown on.
        l2: Shrinkage of leaf values.
        truncation: Pairs count whose better product stands in the first so many places.
        bags: Models of different seeds whose scores are added up: steadier, and as many times
            slower to serve.
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
    bags: int = 1
    threads: int = field(default_factory=all_threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """Trees, and how they came to be.

    Attributes:
        booster: The model.
        rounds: The number of trees that did best on the held-out queries, 1 or more; all where
            nothing was held out.
        curve: NDCG@10 after each tree, ``training`` and ``held out``; empty without held-out
            queries. LightGBM counts a query without any relevant product as 1.
    """

    booster: lightgbm.Booster
    rounds: int
    curve: dict[str, list[float]]


def binned(dataset: RankingDataset, *, like: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
    """The dataset as LightGBM takes it; binned once, it serves any number of `grow`.

    Args:
        dataset: With at least one row.
        like: The training data whose bins validation data takes over.
    """
    return lightgbm.Dataset(
        dataset.matrix,
        label=dataset.labels,
        group=dataset.sizes,
        feature_name=list(dataset.names),
        reference=like,
        # Without the filter, the bins are the same for every setting that a search tries.
        params={"feature_pre_filter": False, "verbosity": -1, "force_row_wise": True},
        free_raw_data=True,
    )


def grow(
    training: lightgbm.Dataset,
    *,
    settings: TrainingSettings,
    directions: Sequence[int],
    seed: int,
    rounds: int | None = None,
    validation: lightgbm.Dataset | None = None,
    watch_training: bool = False,
) -> Grown:
    """Grow trees: ``rounds`` of them, or until the validation data is not ordered better.

    Args:
        training: From `binned`.
        settings: How.
        directions: Monotone constraint of each feature, -1, 0 or 1.
        seed: Of every random choice.
        rounds: Number of trees; None for at most ``settings.rounds``.
        validation: From `binned`, like ``training``; None grows all rounds.
        watch_training: Whether the curve is measured on the training data too.

    Raises:
        RankingError: ``TRAINING_FAILED``, LightGBM refuses.
    """
    parameters = _parameters(seed=seed, settings=settings, directions=directions)
    watched, names = [], []
    callbacks: list[Callable[..., object]] = []
    curves: dict[str, dict[str, list[float]]] = {}
    if validation is not None:
        watched, names = [validation], [_HELD_OUT]
        callbacks = [
            lightgbm.early_stopping(settings.patience, verbose=False),
            lightgbm.record_evaluation(curves),
        ]
        if watch_training:
            watched, names = [training, validation], [_TRAINING, _HELD_OUT]
    try:
        booster = lightgbm.train(
            parameters,
            training,
            num_boost_round=rounds or settings.rounds,
            valid_sets=watched,
            valid_names=names,
            callbacks=callbacks,
        )
    except lightgbm.basic.LightGBMError as error:
        raise RankingError(
            f"LightGBM cannot train: {error}; check the training data.", reason="TRAINING_FAILED"
        ) from error
    best = booster.best_iteration if validation is not None else booster.current_iteration()
    return Grown(
        booster=booster,
        rounds=max(best, 1),
        curve={name: values[f"ndcg@{METRIC_PLACES}"] for name, values in curves.items()},
    )


def predicted(booster: lightgbm.Booster, matrix: Float32Array, *, rounds: int) -> Float32Array:
    """Scores float32 (n,) of the first ``rounds`` trees."""
    return np.asarray(booster.predict(matrix, num_iteration=rounds), dtype=np.float32)


def query_ndcg(scores: Float32Array, dataset: RankingDataset) -> list[float]:
    """NDCG@10 of each query ordered by ``scores``, as `metrics.ndcg`; equal scores keep order."""
    values = []
    for rows in dataset.groups():
        grades = dataset.labels[rows]
        order = np.argsort(-scores[rows], kind="stable")
        values.append(metrics.ndcg(grades[order], grades, k=METRIC_PLACES))
    return values


def _parameters(
    *, seed: int, settings: TrainingSettings, directions: Sequence[int]
) -> dict[str, object]:
    constrained = any(directions)
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [METRIC_PLACES],
        "label_gain": list(LABEL_GAINS),
        "lambdarank_truncation_level": settings.truncation,
        "monotone_constraints": list(directions) if constrained else None,
        "monotone_constraints_method": "intermediate" if constrained else "basic",
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
        "feature_pre_filter": False,
        "num_threads": settings.threads,
        "verbosity": -1,
    }
