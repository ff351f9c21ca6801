"""Settings found by trying: random ones, cross-validated by query, the better half carried on.

Random search (Bergstra and Bengio 2012) under successive halving (Jamieson and Talwalkar 2016):
every trial is measured on the first fold, the better half of them on the second, and so on; what is
left at the end with the best mean over its folds is taken. The settings one starts from are always
among the trials.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from ranker.boosting import TrainingSettings, binned, grow, predicted, query_ndcg
from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.metrics import mean_over_queries
from ranker.splits import folds

_SEARCHED = (
    "learning_rate", "leaves", "min_rows_in_leaf", "feature_share", "query_share", "l2",
    "truncation",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBudget:
    """How much may be tried.

    Attributes:
        trials: Most settings tried, the ones to start from included.
        seconds: Most wall-clock time; None for no limit. With a limit, results depend on the
            machine's speed. The trial under way when time is up is finished.
        folds: Of the cross-validation, 2 or more.
    """

    trials: int = 24
    seconds: float | None = None
    folds: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One of the settings tried.

    Attributes:
        settings: What was tried.
        ndcg: Held-out NDCG@10 of each fold it came to.
        rounds: Trees that did best in each.
    """

    settings: TrainingSettings
    ndcg: tuple[float, ...] = ()
    rounds: tuple[int, ...] = ()

    @property
    def mean(self) -> float:
        """Mean NDCG over its folds; below everything where there is none."""
        return sum(self.ndcg) / len(self.ndcg) if self.ndcg else -math.inf

    def to_json(self) -> dict[str, object]:
        """As reports hold it: what was varied, and what came of it."""
        values = asdict(self.settings)
        return {
            **{name: values[name] for name in _SEARCHED},
            "ndcg": list(self.ndcg),
            "rounds": list(self.rounds),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best settings, and all trials, best first (more folds before fewer)."""

    settings: TrainingSettings
    trials: tuple[Trial, ...]


def search(
    dataset: RankingDataset,
    *,
    budget: SearchBudget,
    seed: int,
    start: TrainingSettings | None = None,
) -> Found:
    """The settings that order held-out queries of ``dataset`` best.

    Raises:
        RankingError: ``SEARCH_BUDGET``, or too few queries for the folds (see `splits.folds`).
    """
    _check(budget)
    start = start or TrainingSettings()
    rng = np.random.default_rng(seed)
    living = [Trial(settings=start)]
    living += [Trial(settings=drawn(start, rng=rng)) for _ in range(budget.trials - 1)]
    done: list[Trial] = []
    began = time.monotonic()
    for place, split in enumerate(folds(dataset, count=budget.folds, seed=seed)):
        # The first fold sees every trial and costs as much as all later ones together.
        share = 0.5 if place == 0 else 1.0
        until = math.inf if budget.seconds is None else began + share * budget.seconds
        training = binned(dataset.take(split.kept))
        held_out = dataset.take(split.held_out)
        validation = binned(held_out, like=training)
        measured: list[Trial] = []
        for trial in living:
            if measured and time.monotonic() > until:
                break
            grown = grow(
                training,
                settings=trial.settings,
                directions=dataset.directions,
                seed=seed,
                validation=validation,
            )
            scores = predicted(grown.booster, held_out.matrix, rounds=grown.rounds)
            ndcg = mean_over_queries(query_ndcg(scores, held_out))
            measured.append(
                replace(trial, ndcg=(*trial.ndcg, ndcg), rounds=(*trial.rounds, grown.rounds))
            )
        done += [trial for trial in living[len(measured) :] if trial.ndcg]
        measured.sort(key=lambda trial: -trial.mean)
        kept = math.ceil(len(measured) / 2)
        living, dropped = measured[:kept], measured[kept:]
        done += dropped
        if time.monotonic() > until and place:
            break
    trials = sorted([*living, *done], key=lambda trial: (-len(trial.ndcg), -trial.mean))
    return Found(settings=trials[0].settings, trials=tuple(trials))


def drawn(start: TrainingSettings, *, rng: np.random.Generator) -> TrainingSettings:
    """Random settings; what is not searched stays as in ``start``.

    Rates and sizes are drawn evenly over their logarithm, shares evenly.
    """
    return replace(
        start,
        learning_rate=round(_log_even(0.02, 0.2, rng=rng), 4),
        leaves=round(_log_even(7, 63, rng=rng)),
        min_rows_in_leaf=round(_log_even(10, 200, rng=rng)),
        feature_share=round(float(rng.uniform(0.2, 1.0)), 3),
        query_share=round(float(rng.uniform(0.5, 1.0)), 3),
        l2=round(_log_even(0.01, 50, rng=rng), 4),
        truncation=int(rng.choice((10, 15, 20, 30, 50))),
    )


def _log_even(low: float, high: float, *, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def _check(budget: SearchBudget) -> None:
    if (
        budget.trials < 1
        or budget.folds <= 1
        or (budget.seconds is not None and budget.seconds <= 0)
    ):
        raise RankingError(
            f"The search's budget is {budget.trials} trials, {budget.folds} folds and"
            f" {budget.seconds} seconds; give at least 1 trial, 2 folds and some time.",
            reason="SEARCH_BUDGET",
        )


def tried_table(trials: Sequence[Trial]) -> list[dict[str, object]]:
    """The trials as a report holds them."""
    return [trial.to_json() for trial in trials]
