"""Explains one search: why a product stands where it stands, and what would move it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ranker.errors import RankingError
from ranker.explain import FeatureExplainer, FeaturePart, differences, strongest_features
from ranker.protocol import Ranker
from server.arrays import Float32Array, Int32Array
from server.candidate_finder import CandidateFinder, Considered
from server.comparison import summary
from server.deadline import Deadline
from server.errors import FailedPrecondition, NotFound
from server.explanation import (
    AskedExplanation,
    ExplainedProduct,
    Explanation,
    TrialOutcome,
)
from server.hits import FiredRule
from server.leased import Leased
from server.pipeline import changed, fired_rules
from server.query import Query, SignalChange
from server.ranking_stage import Ranked, RankingStage

_FEATURES = 10
_LOWER_PRICE = 0.9
_IN_STOCK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """One order of the candidates, and what it comes from."""

    considered: Considered
    ranked: Ranked
    order: Int32Array

    def position(self, candidate: int) -> int:
        """Place from 1, 0 where left out."""
        found = np.flatnonzero(self.order == candidate)
        return int(found[0]) + 1 if len(found) else 0


class Explainer:
    """Explains searches as the pipeline answers them, but for the swaps it makes at random.

    Explanations are not recorded: what people look into teaches nothing of shoppers.
    """

    def __init__(self, *, finder: CandidateFinder, ranking: RankingStage) -> None:
        self._finder = finder
        self._ranking = ranking

    def explain(self, query: Query, asked: AskedExplanation, *, deadline: Deadline) -> Explanation:
        """Explain a product of a search.

        Raises:
            NotFound: ``NOT_A_CANDIDATE``: the search does not find the product, or the other.
            FailedPrecondition: the served model cannot say what made its scores.
            DeadlineExceeded: the deadline passed; there is no explanation of a fallback.
            InvalidRequest, Unavailable: as `Pipeline.search`.
        """
        with self._finder.leased(query.catalog, deadline=deadline) as leased:
            found = self._finder.find(query, leased, ruled=True)
            ranker = self._ranking.taken(query)
            standing = self._standing(query, found, ranker, leased)
            one = _candidate(found, asked.product_id)
            other = _other(standing, one, asked.other_id)
            trials = asked.trials
            if trials is None:
                trials = tuple(_usual_trials(standing.considered, one))
            outcomes = [
                self._outcome(query, found, ranker, leased, change=each, candidate=one)
                for each in trials
            ]
        product = _explained(standing, one)
        compared = None if other is None else _explained(standing, other)
        gained = differences(product.contributions, compared.contributions) if compared else {}
        return Explanation(
            product=product,
            other=compared,
            differences=gained,
            summary=summary(product, compared, gained),
            trials=tuple(outcomes),
            encoder_bundle=leased.catalog.bundle_id,
            index=leased.catalog.index.name,
            ranker=standing.ranked.ranker.id,
        )

    def _standing(
        self, query: Query, found: Considered, ranker: Ranker, leased: Leased
    ) -> _Standing:
        # Asked here alone: a fallback for want of time would explain what nobody was shown.
        leased.deadline.check("explain")
        considered = changed(found, query)
        ranked = self._ranking.ranked(
            query,
            considered,
            ranker=ranker,
            reader=leased.reader,
            clock=leased.clock,
            deadline=Deadline.never(),
        )
        order = self._ranking.ordered(
            query, considered.columns, ranked, clock=leased.clock, deadline=Deadline.never()
        )
        return _Standing(considered=considered, ranked=ranked, order=order)

    def _outcome(
        self,
        query: Query,
        found: Considered,
        ranker: Ranker,
        leased: Leased,
        *,
        change: SignalChange,
        candidate: int,
    ) -> TrialOutcome:
        tried = replace(query, signal_changes=(*query.signal_changes, change))
        standing = self._standing(tried, found, ranker, leased)
        return TrialOutcome(
            change=change,
            position=standing.position(candidate),
            score=float(standing.ranked.scores[candidate]),
        )


def _candidate(found: Considered, product_id: str) -> int:
    if product_id in found.ids:
        return found.ids.index(product_id)
    message = (
        f"{product_id} is not among the {len(found.ids)} candidates of this search: the filter"
        " excludes it, it is not in the catalog, or others are more like the query; loosen the"
        " filter, or ask for more with ranking.candidates"
    )
    raise NotFound(message, reason="NOT_A_CANDIDATE", product=product_id)


def _other(standing: _Standing, one: int, other_id: str | None) -> int | None:
    """The product asked for; else the one just above ``one``, or below it where that is the first.

    Where ``one`` is left out it is compared with the first.
    """
    if other_id is not None:
        return _candidate(standing.considered, other_id)
    position = standing.position(one)
    order: Sequence[int] = standing.order.tolist()
    if position == 0:
        return order[0] if order else None
    if position > 1:
        return order[position - 2]
    return order[1] if len(order) > 1 else None


def _usual_trials(considered: Considered, one: int) -> Sequence[SignalChange]:
    product_id, columns = considered.ids[one], considered.columns
    trials = []
    if columns.price[one] > 0:
        trials.append(SignalChange(product_id=product_id, price_factor=_LOWER_PRICE))
    if columns.stock[one] <= 0:
        trials.append(SignalChange(product_id=product_id, stock=_IN_STOCK))
    return trials


def _explained(standing: _Standing, candidate: int) -> ExplainedProduct:
    ranked, position = standing.ranked, standing.position(candidate)
    ranker, rules = ranked.ranker, fired_rules(ranked, candidate)
    try:
        parts = ranked.contributions(np.array([candidate], np.int32))
        features = _features(ranker, ranked.matrix[candidate])
    except RankingError as error:
        raise FailedPrecondition(str(error), reason=error.reason) from error
    return ExplainedProduct(
        product_id=standing.considered.ids[candidate],
        position=position,
        score=float(ranked.scores[candidate]),
        contributions={name: float(part[0]) for name, part in parts.items()},
        features=features,
        rules=rules,
        placed_by=_placed_by(ranked, candidate, rules),
    )


def _features(ranker: Ranker, row: Float32Array) -> tuple[FeaturePart, ...]:
    if not isinstance(ranker, FeatureExplainer):
        return ()
    return strongest_features(ranker, row, limit=_FEATURES)


def _placed_by(ranked: Ranked, candidate: int, rules: Sequence[FiredRule]) -> FiredRule | None:
    """The rule that decides on a candidate's place whatever its score, if one does."""
    adjusted = ranked.adjusted
    if adjusted is None:
        return None
    actions: tuple[str, ...] = ()
    if not adjusted.kept[candidate]:
        actions = ("exclude", "out_of_stock")
    elif candidate in ranked.pinned:
        actions = ("pin",)
    elif adjusted.buried[candidate]:
        actions = ("bury", "out_of_stock")
    return next((rule for action in actions for rule in rules if rule.action == action), None)
