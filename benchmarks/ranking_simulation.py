"""A ranker learned from simulated shoppers, tried on other shoppers with other questions.

Two periods. In the first, every shopper searches in retrieval order, which gives products their
counts and shoppers their histories. In the second, half of the shoppers search on, with half of the
questions; a ranker is trained on what they do, through the product's own features, labels and
training. Then the other shoppers ask the other questions, and what they would buy from the first
ten places is computed, not drawn, for the trained ranker, retrieval order and the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.judged_shop import JudgedCandidates
from benchmarks.search_lessons import Searched, dataset_of
from benchmarks.shop_traits import ShopTraits
from benchmarks.simulated_shoppers import (
    Shopper,
    Visit,
    draw_shoppers,
    expected_purchases,
    visit,
    worth,
)
from ranker.baseline import RetrievalOrder, Rules
from ranker.boosting import TrainingSettings
from ranker.columns import VECTOR_SCALE, CandidateColumns, Int32Array, PersonFacts
from ranker.intervals import bootstrap_interval
from ranker.metrics import ndcg
from ranker.protocol import Ranker
from ranker.train import TrainedRanker, train_dataset
from server.feedback.event import EventKind, RecentEvent
from server.persons.interest import interests
from server.persons.person_facts import person_facts
from server.persons.recent_events import TraitReader

K = 10
OURS = "ours"
SHOWN = 50
"""Places a shopper may reach, as many as the search log keeps features of."""

SWAP_SHARE = 0.2
NEWCOMERS = 0.25
"""Share of searches by somebody of whom nothing is known."""

_DEEDS = (EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.PURCHASE)
_HISTORY = 100
_DAY = 86_400.0
_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many shoppers of each half, how often each searches in a period, and the seed."""

    shoppers: int = 60
    visits: int = 40
    seed: int = 11


@dataclass(slots=True, kw_only=True)
class Counted:
    """What was counted of every product: impressions, clicks, carts, purchases, (4,) each."""

    of: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)

    def add(self, products: Sequence[str], deeds: npt.NDArray[np.int32]) -> None:
        """Count one list: a cart was clicked before, a purchase carted."""
        steps = np.stack([np.ones(len(deeds)), *(deeds >= kind for kind in _DEEDS)], axis=1)
        for product, row in zip(products, steps.astype(np.float32), strict=True):
            self.of[product] = self.of.get(product, np.zeros(4, np.float32)) + row

    def on(self, asked: JudgedCandidates) -> CandidateColumns:
        """The candidates' columns with these counts, and what was bought as units sold."""
        none = np.zeros(4, np.float32)
        counts = np.array([self.of.get(product, none) for product in asked.products], np.float32)
        impressions, clicks, carts, purchases = np.ascontiguousarray(counts.T)
        return replace(
            asked.columns,
            impressions=impressions,
            clicks=clicks,
            carts=carts,
            purchases=purchases,
            units_30_days=purchases,
        )


def measured(asked: Sequence[JudgedCandidates], *, size: Size) -> dict[str, Any]:
    """The ``simulation`` part of the benchmark, and the ranker trained for it under ``trained``."""
    rng = np.random.default_rng(size.seed)
    taught, held_out = _halves(asked, rng=rng)
    shop = ShopTraits(asked)
    quality = {product: float(rng.normal()) for product in shop.products}
    vectors = shop.vectors.astype(np.float32) * VECTOR_SCALE
    shoppers = draw_shoppers(2 * size.shoppers, vectors=vectors, rng=rng)
    ours, others = shoppers[: size.shoppers], shoppers[size.shoppers :]
    counted = Counted()
    past: dict[str, PersonFacts | None] = {}
    for shopper in shoppers:
        visits = _search(shopper, taught, quality=quality, size=size, rng=rng)
        if shopper in ours:
            for seen, done in visits:
                counted.add([seen.products[place] for place in done.order.tolist()], done.deeds)
        past[shopper.name] = _person(visits, reader=shop)
    lessons = [
        Searched(
            asked=seen,
            columns=counted.on(seen),
            person=past[shopper.name] if rng.random() >= NEWCOMERS else None,
            visit=done,
            time_seconds=_DAY * 14 + at * 600.0,
        )
        for shopper in ours
        for at, (seen, done) in enumerate(
            _search(shopper, taught, quality=quality, size=size, rng=rng)
        )
    ]
    trained = train_dataset(
        dataset_of(lessons), seed=size.seed, settings=TrainingSettings(threads=1), name="simulated"
    )
    rankers: dict[str, Ranker] = {
        OURS: trained.ranker(),
        "retrieval": RetrievalOrder(),
        "rules": Rules(),
    }
    known = {
        shopper.name: past[shopper.name] if rng.random() >= NEWCOMERS else None
        for shopper in others
    }
    bought, likeness = _judged(
        held_out, others, rankers, counted=counted, quality=quality, persons=known
    )
    return _figures(bought, likeness, seed=size.seed) | {"trained": trained}


def _halves(
    asked: Sequence[JudgedCandidates], *, rng: np.random.Generator
) -> tuple[list[JudgedCandidates], list[JudgedCandidates]]:
    """Questions to learn from and to try on; translations of one stay together."""
    keys = list(dict.fromkeys(each.key for each in asked))
    kept = {keys[place] for place in rng.permutation(len(keys))[: len(keys) // 2]}
    return [e for e in asked if e.key in kept], [e for e in asked if e.key not in kept]


def _search(
    shopper: Shopper,
    questions: Sequence[JudgedCandidates],
    *,
    quality: Mapping[str, float],
    size: Size,
    rng: np.random.Generator,
) -> list[tuple[JudgedCandidates, Visit]]:
    """One period: ``size.visits`` searches for questions drawn at random, in retrieval order."""
    found = []
    for place in rng.integers(len(questions), size=size.visits).tolist():
        asked = questions[place]
        shown = np.arange(min(SHOWN, len(asked.products)), dtype=np.int32)
        utilities = worth(shopper, asked, quality=_of(asked, quality))
        found.append((asked, visit(utilities, shown, swap_share=SWAP_SHARE, rng=rng)))
    return found


def _of(asked: JudgedCandidates, quality: Mapping[str, float]) -> npt.NDArray[np.float64]:
    return np.array([quality[product] for product in asked.products])


def _person(
    visits: Sequence[tuple[JudgedCandidates, Visit]], *, reader: TraitReader
) -> PersonFacts | None:
    """What the server would know of a shopper after these searches, one every third of a day."""
    deeds = [
        RecentEvent(
            product=asked.products[place],
            kind=EventKind(deed),
            time_seconds=at * _DAY / 3,
            quantity=1,
            in_session=False,
        )
        for at, (asked, done) in enumerate(visits)
        for place, deed in zip(done.order.tolist(), done.deeds.tolist(), strict=True)
        if deed
    ]
    now = len(visits) * _DAY / 3
    return person_facts(reader, interests(deeds[::-1][:_HISTORY]), now_seconds=now)


def _judged(
    questions: Sequence[JudgedCandidates],
    shoppers: Sequence[Shopper],
    rankers: Mapping[str, Ranker],
    *,
    counted: Counted,
    quality: Mapping[str, float],
    persons: Mapping[str, PersonFacts | None],
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Purchases at ten and likeness NDCG, by ranker, the mean over shoppers for each question."""
    bought: dict[str, list[float]] = {name: [] for name in rankers}
    likeness: dict[str, list[float]] = {name: [] for name in rankers}
    for asked in questions:
        columns, made = counted.on(asked), _of(asked, quality)
        judged = [*asked.grades.tolist(), *asked.missed]
        utilities = [worth(shopper, asked, quality=made) for shopper in shoppers]
        for name, ranker in rankers.items():
            purchases, gains = [], []
            orders: dict[str, Int32Array] = {}
            for shopper, wanted in zip(shoppers, utilities, strict=True):
                # Strangers get one order, and so does everybody from what knows no persons.
                person = persons[shopper.name] if name == OURS else None
                asker = shopper.name if person else ""
                if asker not in orders:
                    facts = replace(asked.facts, person=person)
                    scores = ranker.score(ranker.features(facts, columns))
                    orders[asker] = np.argsort(-scores, kind="stable").astype(np.int32)
                purchases.append(expected_purchases(wanted, orders[asker], k=K))
                gains.append(ndcg(asked.grades[orders[asker]], judged, k=K))
            bought[name].append(float(np.mean(purchases)))
            likeness[name].append(float(np.mean(gains)))
    return bought, likeness


def _figures(
    bought: Mapping[str, list[float]], likeness: Mapping[str, list[float]], *, seed: int
) -> dict[str, Any]:
    return {
        "purchases_at_10": {name: round(float(np.mean(each)), 5) for name, each in bought.items()},
        "ndcg": {name: round(float(np.nanmean(each)), 4) for name, each in likeness.items()},
        "uplift": {
            name: _ratio(bought[OURS], bought[name], seed=seed) for name in ("retrieval", "rules")
        },
        "ndcg_change": {
            name: bootstrap_interval(
                np.subtract(likeness[OURS], likeness[name]), seed=seed, resamples=_RESAMPLES
            ).to_json()
            for name in ("retrieval", "rules")
        },
        "questions": len(bought[OURS]),
    }


def _ratio(ours: Sequence[float], theirs: Sequence[float], *, seed: int) -> dict[str, float]:
    """Ours over theirs, less one, of the sums over questions; the interval by resampling both."""
    pairs = np.array([ours, theirs])
    drawn = np.random.default_rng(seed).integers(pairs.shape[1], size=(_RESAMPLES, pairs.shape[1]))
    sums = pairs[:, drawn].sum(axis=2)
    low, high = np.quantile(sums[0] / sums[1] - 1, (0.025, 0.975))
    return {
        "mean": round(float(pairs[0].sum() / pairs[1].sum() - 1), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def trained_ranker(found: Mapping[str, Any]) -> TrainedRanker:
    """The ranker that `measured` trained.

    Raises:
        TypeError: ``found`` is not what `measured` gave.
    """
    trained = found["trained"]
    if not isinstance(trained, TrainedRanker):
        raise TypeError("no ranker was trained")
    return trained
