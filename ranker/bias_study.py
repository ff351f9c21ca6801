"""Whether taking position out of the labels pays: a simulation in which the truth is known.

An old ranker orders by a mixture of what shoppers want and of a column they do not care about.
Shoppers look at place p with probability ``1 / (1 + p)^eta`` and click, cart and buy what they
like, so what the old ranker favours gathers clicks whatever it is worth. Two rankers learn from the
same log by the same code: one from labels whose propensities were *estimated from that log*, one
from clicks as they are. Both are asked unseen queries and measured against the truth.

Where it would not help: where the old order is right already, or where nothing is placed twice
differently (then propensities cannot be known); with few clicks the weights' noise can cost more
than the bias they remove, which is why they are clipped.

    python -m ranker.bias_study --json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.boosting import TrainingSettings, binned, grow, predicted, query_ndcg
from ranker.columns import Float32Array, Int32Array
from ranker.dataset import RankingDataset
from ranker.intervals import student_interval
from ranker.labels import labels_from_log
from ranker.metrics import mean_over_queries
from ranker.propensity import NO_BIAS, Propensities, estimate
from ranker.shown_log import ShownLog

SEEDS = tuple(range(10))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """The simulated shop.

    Attributes:
        queries: Query texts that shoppers search; as many unseen ones are asked afterwards.
        products: Candidates of each, all shown.
        features: Columns; two carry what shoppers want, one only what the old ranker wants.
        searches: Of each query text.
        position_bias: eta.
        swap_share: Share of searches in which place 0 changes with a random one among the first
            ``swap_places``; 0 leaves the estimate to products that moved, which the old ranker's
            noise provides.
        order_noise: Standard deviation of what the old ranker adds at random, search by search.
        threads: Of LightGBM.
    """

    queries: int = 100
    products: int = 30
    features: int = 10
    searches: int = 200
    position_bias: float = 1.5
    swap_share: float = 0.2
    swap_places: int = 10
    order_noise: float = 0.3
    threads: int = 1


_TREES = TrainingSettings(rounds=80, leaves=15, min_rows_in_leaf=20, learning_rate=0.1, l2=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """True NDCG@10 on unseen queries, with one seed."""

    debiased: float
    naive: float
    old_ranker: float
    propensities: Propensities


def study(seed: int, *, settings: StudySettings | None = None) -> StudyResult:
    """One shop, one log, two rankers."""
    settings = settings or StudySettings()
    rng = np.random.default_rng(seed)
    shop, unseen = (_shop(settings, rng=rng) for _ in range(2))
    log = _browsed(shop, settings, rng=rng)
    propensities = estimate(log)
    scores = [
        _learnt(shop, _grades(log, shop, using), unseen, settings=settings, seed=seed)
        for using in (propensities, NO_BIAS)
    ]
    debiased, naive, old = (
        mean_over_queries(query_ndcg(given, unseen))
        for given in (*scores, _old_scores(unseen.matrix))
    )
    return StudyResult(debiased=debiased, naive=naive, old_ranker=old, propensities=propensities)


def debiased_minus_naive(
    seeds: Sequence[int] = SEEDS, *, settings: StudySettings | None = None
) -> list[float]:
    """By seed, true NDCG@10 of the ranker of debiased labels less that of the ranker of clicks."""
    results = [study(seed, settings=settings) for seed in seeds]
    return [result.debiased - result.naive for result in results]


def _shop(settings: StudySettings, *, rng: np.random.Generator) -> RankingDataset:
    """Queries whose grades are the truth: shares of what shoppers want."""
    rows = settings.queries * settings.products
    matrix = rng.standard_normal((rows, settings.features)).astype(np.float32)
    wanted = matrix[:, 1] + 0.6 * np.maximum(matrix[:, 2], 0) + rng.normal(0, 0.3, rows)
    bounds = np.quantile(wanted, (0.5, 0.75, 0.9, 0.97))
    return RankingDataset(
        matrix=matrix,
        labels=np.searchsorted(bounds, wanted).astype(np.int32),
        sizes=np.full(settings.queries, settings.products, dtype=np.int32),
        names=tuple(f"f{place}" for place in range(settings.features)),
        directions=(0,) * settings.features,
    )


def _old_scores(matrix: Float32Array) -> Float32Array:
    """The old ranker: column 0, which nobody wants, above a little of column 1."""
    scores: Float32Array = matrix[:, 0] + np.float32(0.4) * matrix[:, 1]
    return scores


def _browsed(
    shop: RankingDataset, settings: StudySettings, *, rng: np.random.Generator
) -> ShownLog:
    """Every query text searched so many times, in the old ranker's order."""
    products, searches = settings.products, settings.queries * settings.searches
    text = np.repeat(np.arange(settings.queries), settings.searches)
    steady = _old_scores(shop.matrix).reshape(settings.queries, products)[text]
    order = np.argsort(-steady - rng.normal(0, settings.order_noise, steady.shape), axis=1)
    swapped = np.where(
        rng.random(searches) < settings.swap_share,
        rng.integers(1, settings.swap_places, searches),
        0,
    )
    every = np.arange(searches)
    first = order[:, 0].copy()
    order[:, 0] = order[every, swapped]
    order[every, swapped] = first
    liked = np.array([0.02, 0.1, 0.25, 0.5, 0.8])[shop.labels].reshape(-1, products)
    liking = np.take_along_axis(liked[text], order, axis=1)
    seen = rng.random(order.shape) < (1.0 + np.arange(products)) ** -settings.position_bias
    clicked = seen & (rng.random(order.shape) < liking)
    carted = clicked & (rng.random(order.shape) < liking)
    bought = carted & (rng.random(order.shape) < liking)
    return ShownLog(
        search=np.repeat(every, products).astype(np.int32),
        product=order.ravel().astype(np.int32),
        position=np.tile(np.arange(products), searches).astype(np.int32),
        clicked=clicked.ravel(),
        carted=carted.ravel(),
        bought=bought.ravel(),
        text=text.astype(np.int32),
        swapped_with=swapped.astype(np.int32),
    )


def _grades(log: ShownLog, shop: RankingDataset, propensities: Propensities) -> Int32Array:
    """The log's grades, in the order of the shop's rows."""
    labels = labels_from_log(log, propensities=propensities)
    grades: npt.NDArray[np.int32] = np.zeros(len(shop.labels), dtype=np.int32)
    grades[log.text[log.search] * int(shop.sizes[0]) + log.product] = labels.grades
    return grades


def _learnt(
    shop: RankingDataset,
    grades: Int32Array,
    unseen: RankingDataset,
    *,
    settings: StudySettings,
    seed: int,
) -> Float32Array:
    """Scores of unseen rows by trees grown on ``grades``, a fixed number of them for both."""
    lessons = RankingDataset(
        matrix=shop.matrix,
        labels=grades,
        sizes=shop.sizes,
        names=shop.names,
        directions=shop.directions,
    )
    grown = grow(
        binned(lessons),
        settings=TrainingSettings(
            rounds=_TREES.rounds,
            leaves=_TREES.leaves,
            min_rows_in_leaf=_TREES.min_rows_in_leaf,
            learning_rate=_TREES.learning_rate,
            l2=_TREES.l2,
            threads=settings.threads,
        ),
        directions=lessons.directions,
        seed=seed,
    )
    return predicted(grown.booster, unseen.matrix, rounds=grown.rounds)


def main() -> None:
    """Run ten seeds and print both rankers, their difference and its interval."""
    parser = argparse.ArgumentParser(description="What debiased labels are worth.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--swap-share", type=float, default=StudySettings().swap_share)
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    given = parser.parse_args()
    settings = StudySettings(swap_share=given.swap_share)
    results = [study(seed, settings=settings) for seed in range(given.seeds)]
    differences = [result.debiased - result.naive for result in results]
    interval = student_interval(differences)
    document = {
        "debiased": [round(result.debiased, 4) for result in results],
        "naive": [round(result.naive, 4) for result in results],
        "old_ranker": [round(result.old_ranker, 4) for result in results],
        "debiased_minus_naive": [round(each, 4) for each in differences],
        "interval": {name: round(value or 0.0, 4) for name, value in interval.to_json().items()},
        "propensities_from": results[0].propensities.method.value,
    }
    if given.json:
        print(json.dumps(document))  # noqa: T201 - the command's result
        return
    for name, values in document.items():
        print(f"{name:22} {values}")  # noqa: T201 - the command's result


if __name__ == "__main__":
    main()
