"""Training: LambdaMART (Burges 2010) on judged queries, its rounds chosen on held-out ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ranker.bagging import added_up
from ranker.boosting import (
    METRIC_PLACES,
    Grown,
    TrainingSettings,
    binned,
    grow,
    predicted,
    query_ndcg,
)
from ranker.columns import Float32Array
from ranker.dataset import JudgedQuery, RankingDataset, assemble
from ranker.errors import RankingError
from ranker.judgments import checked_grades
from ranker.linear import LinearRanker, train_linear
from ranker.metrics import mean_over_queries
from ranker.model import BoostedRanker
from ranker.parameter_search import SearchBudget, Trial, search
from ranker.splits import hold_out
from ranker.training_report import training_report

__all__ = ["TrainedRanker", "TrainingSettings", "train", "train_dataset"]

_SAMPLE_ROWS = 64
_REFERENCE_ROWS = 20_000


def _no_rows() -> Float32Array:
    return np.empty((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRanker:
    """What training gives, ready for `registry.save`.

    Attributes:
        name: Of the version.
        model: LightGBM's text format.
        rounds: Trees in it (of one bag).
        metrics: On the queries held out from choosing the rounds, ``ndcg@10`` of the model, of
            the linear twin and of every baseline of the dataset, and how many queries trained and
            were held out.
        sample: Some training rows, float32 (s, m), by which a loaded copy is checked.
        settings: How it was trained.
        seed: Of every random choice.
        report: What `training_report.training_report` says, ready for JSON.
        reference_rows: Training rows that stand for what the model has seen, float32 (r, m), to
            compare later traffic with.
        linear: The pairwise linear twin, fitted on the same training queries.
    """

    name: str
    model: str
    rounds: int
    metrics: Mapping[str, float]
    sample: Float32Array
    settings: TrainingSettings
    seed: int
    report: Mapping[str, object] = field(default_factory=dict)
    reference_rows: Float32Array = field(default_factory=_no_rows)
    linear: LinearRanker | None = None

    def ranker(self) -> BoostedRanker:
        """The model, ready to score."""
        return BoostedRanker(self.model, name=self.name)


def train(
    queries: Sequence[JudgedQuery],
    *,
    seed: int,
    name: str = "lambdamart",
    settings: TrainingSettings | None = None,
    budget: SearchBudget | None = None,
) -> TrainedRanker:
    """`train_dataset` on judged queries, with retrieval order and the rules to compare with.

    Raises:
        RankingError: too few queries, broken grades, or grades that say nothing.
    """
    return train_dataset(assemble(queries), seed=seed, name=name, settings=settings, budget=budget)


def train_dataset(
    dataset: RankingDataset,
    *,
    seed: int,
    name: str = "lambdamart",
    settings: TrainingSettings | None = None,
    budget: SearchBudget | None = None,
) -> TrainedRanker:
    """Choose the rounds on held-out queries, then train as many on all of them.

    With a budget, the settings are searched for first, by cross-validation over the queries that
    are not held out. Same queries, settings and seed give the same model on the same LightGBM,
    unless the budget is one of time.

    Raises:
        RankingError: ``TRAINING_DATA``, ``TOO_FEW_QUERIES``, ``NOTHING_TO_LEARN``: the message
            says what is missing.
    """
    _check(dataset)
    settings = settings or TrainingSettings()
    split = hold_out(dataset, share=settings.held_out_share, seed=seed)
    training, validation = dataset.take(split.kept), dataset.take(split.held_out)
    tried: Sequence[Trial] = ()
    if budget is not None:
        found = search(training, budget=budget, seed=seed, start=settings)
        settings, tried = found.settings, found.trials
    linear = train_linear(training, seed=seed)
    bins = binned(training)
    chosen = grow(
        bins,
        settings=settings,
        directions=dataset.directions,
        seed=seed,
        validation=binned(validation, like=bins),
        watch_training=True,
    )
    scores = {
        "model": predicted(chosen.booster, validation.matrix, rounds=chosen.rounds),
        **validation.baselines,
        "linear": linear.score(validation.matrix),
    }
    by_query = {ranker: query_ndcg(given, validation) for ranker, given in scores.items()}
    final = _grow_bags(dataset, settings=settings, seed=seed, rounds=chosen.rounds)
    drawn = np.random.default_rng(seed).permutation(len(dataset.matrix))
    means = {ranker: mean_over_queries(values) for ranker, values in by_query.items()}
    return TrainedRanker(
        name=name,
        model=added_up([each.booster.model_to_string() for each in final]),
        rounds=chosen.rounds,
        metrics={
            **{_metric(ranker): mean for ranker, mean in means.items()},
            "queries": len(split.kept),
            "held_out_queries": len(split.held_out),
        },
        sample=dataset.matrix[drawn[:_SAMPLE_ROWS]],
        settings=settings,
        seed=seed,
        report=training_report(
            dataset,
            split=split,
            by_query=by_query,
            gain=_gain(final, dataset),
            curve=chosen.curve,
            rounds=chosen.rounds,
            settings=settings,
            tried=tried,
            seed=seed,
        ),
        reference_rows=dataset.matrix[np.sort(drawn[:_REFERENCE_ROWS])],
        linear=linear,
    )


def _metric(ranker: str) -> str:
    return f"ndcg@{METRIC_PLACES}" if ranker == "model" else f"{ranker}_ndcg@{METRIC_PLACES}"


def _check(dataset: RankingDataset) -> None:
    """Refuse what cannot be trained on, saying why."""
    rows, width = dataset.matrix.shape
    checked_grades(dataset.labels, candidates=rows)
    if int(dataset.sizes.sum()) != rows:
        raise RankingError(
            f"The queries have {int(dataset.sizes.sum())} rows and the matrix {rows}; the sizes"
            " of the queries must add up to the rows.",
            reason="TRAINING_DATA",
        )
    if len(dataset.names) != width or len(dataset.directions) != width:
        raise RankingError(
            f"There are {len(dataset.names)} names and {len(dataset.directions)} directions for"
            f" {width} features; give one of each.",
            reason="TRAINING_DATA",
        )
    if rows and not any(_varies(column) for column in dataset.matrix.T):
        raise RankingError(
            "Every feature is the same in all rows, so no order can be learnt; give features that"
            " differ between products.",
            reason="NOTHING_TO_LEARN",
        )


def _varies(column: Float32Array) -> bool:
    missing = np.isnan(column)
    known = column[~missing]
    if not len(known):
        return False
    return bool(missing.any() or (known != known[0]).any())


def _grow_bags(
    dataset: RankingDataset, *, settings: TrainingSettings, seed: int, rounds: int
) -> list[Grown]:
    everything = binned(dataset)
    return [
        grow(
            everything,
            settings=replace(settings, bags=1),
            directions=dataset.directions,
            seed=seed + bag,
            rounds=rounds,
        )
        for bag in range(settings.bags)
    ]


def _gain(bags: Sequence[Grown], dataset: RankingDataset) -> dict[str, float]:
    """Share of the whole loss reduction that splits on each feature brought."""
    gained = sum(
        (bag.booster.feature_importance(importance_type="gain") for bag in bags),
        start=np.zeros(len(dataset.names)),
    )
    total = float(gained.sum())
    shares = gained / total if total else gained
    return dict(zip(dataset.names, (float(share) for share in shares), strict=True))
