"""Simulated searches as training takes recorded ones: features of what was shown, and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.judged_shop import JudgedCandidates
from benchmarks.simulated_shoppers import Visit
from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import CandidateColumns, Float32Array, PersonFacts
from ranker.dataset import RankingDataset
from ranker.features.schema import compute
from ranker.labels import labels_from_log
from ranker.propensity import estimate
from ranker.protocol import Ranker
from ranker.shown_log import ShownLog
from server.feedback.event import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """One search: the columns it was ranked by, who asked, and what they did."""

    asked: JudgedCandidates
    columns: CandidateColumns
    person: PersonFacts | None
    visit: Visit
    time_seconds: float


def dataset_of(searches: Sequence[Searched]) -> RankingDataset:
    """Rows of the products shown, graded as `ranker.labels` grades a log."""
    log = shown_log(searches)
    labels = labels_from_log(log, propensities=estimate(log))
    matrices = []
    rankers: tuple[Ranker, ...] = (RetrievalOrder(), Rules())
    baselines: dict[str, list[Float32Array]] = {ranker.id: [] for ranker in rankers}
    for each in searches:
        facts, order = replace(each.asked.facts, person=each.person), each.visit.order
        matrices.append(compute(facts, each.columns)[order])
        for ranker in rankers:
            scores = ranker.score(ranker.features(facts, each.columns))
            baselines[ranker.id].append(scores[order])
    return RankingDataset(
        matrix=np.concatenate(matrices),
        labels=labels.grades,
        sizes=np.array([len(each.visit.order) for each in searches], np.int32),
        keys=tuple(each.asked.key for each in searches),
        times=np.array([each.time_seconds for each in searches]),
        baselines={name: np.concatenate(given) for name, given in baselines.items()},
    )


def shown_log(searches: Sequence[Searched]) -> ShownLog:
    """What was shown and done, as columns."""
    texts = {key: place for place, key in enumerate(dict.fromkeys(e.asked.key for e in searches))}
    names = dict.fromkeys(product for each in searches for product in each.asked.products)
    codes = {product: place for place, product in enumerate(names)}
    sizes = [len(each.visit.order) for each in searches]
    deeds = np.concatenate([each.visit.deeds for each in searches])
    return ShownLog(
        search=np.repeat(np.arange(len(searches), dtype=np.int32), sizes),
        product=np.array(
            [codes[e.asked.products[place]] for e in searches for place in e.visit.order.tolist()],
            np.int32,
        ),
        position=np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]),
        clicked=deeds >= EventKind.CLICK,
        carted=deeds >= EventKind.ADD_TO_CART,
        bought=deeds >= EventKind.PURCHASE,
        text=np.array([texts[each.asked.key] for each in searches], np.int32),
        swapped_with=np.array(
            [each.visit.swapped[1] if each.visit.swapped else 0 for each in searches], np.int32
        ),
    )
