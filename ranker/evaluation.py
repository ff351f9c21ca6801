"""Any set of rankers on the same candidates, beside retrieval order, rules and shuffle.

Every ranker orders the same columns of the same candidates, so that differences are the rankers'
own. Comparisons are paired: a difference is taken within each query before queries are resampled,
so that hard queries are hard for both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker import metrics
from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import CandidateColumns, Int32Array, QueryFacts
from ranker.errors import RankingError
from ranker.intervals import Interval, bootstrap_interval
from ranker.protocol import Ranker
from ranker.standard_measures import JudgedOrder, standard_measures

RETRIEVAL, RULES, SHUFFLE = "retrieval", "rules", "shuffle"

RESAMPLES = 10_000
"""Sets of queries drawn for an interval."""

_Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One query with its n candidates and what is known of how well they answer.

    Attributes:
        query: What is known of the query.
        candidates: n candidates in retrieval order.
        products: Their ids, n; empty where unknown, which covers nothing.
        grades: Whole grades of the candidates, int32 (n,); 0 where unjudged.
        missed: Grades of judged products that are not among the candidates.
        worth: Money that each candidate brings when it is looked at, float64 (n,), see
            `expected_worth`.
    """

    query: QueryFacts
    candidates: CandidateColumns
    products: tuple[str, ...]
    grades: Int32Array
    missed: tuple[int, ...]
    worth: _Float64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one ranker did.

    Attributes:
        means: By measure, its mean over the queries that have a value; NaN where none has.
        coverage: Share of the catalogue's products that stand among the first k of any query.
        over_retrieval: By measure, the mean difference to retrieval order and its interval. Of
            ``coverage`` there is none: it belongs to the set of queries, not to one.
    """

    means: Mapping[str, float]
    coverage: float
    over_retrieval: Mapping[str, Interval]


def expected_worth(
    grades: Int32Array, candidates: CandidateColumns, *, best_grade: int
) -> _Float64Array:
    """Money each candidate brings when it is looked at, where no events tell: float64 (n,).

    Price times the probability of a purchase, ``(2^grade - 1) / 2^best_grade`` as Chapelle et al.
    (2009) map grades to it. What is sold out or of unknown price brings nothing.
    """
    bought = (np.exp2(grades.astype(np.float64)) - 1) / 2.0**best_grade
    price = np.nan_to_num(candidates.price.astype(np.float64))
    worth: _Float64Array = np.where(candidates.stock <= 0, 0.0, bought * np.maximum(price, 0))
    return worth


def evaluate(
    cases: Sequence[Case],
    rankers: Mapping[str, Ranker],
    *,
    k: int = 10,
    catalogue: int,
    seed: int = 7,
    resamples: int = RESAMPLES,
) -> dict[str, Standing]:
    """Standings by name: retrieval, rules, shuffle, then ``rankers`` in their order.

    Measures: those of `standard_measures`, ``distance@k`` (intra-list distance) and ``revenue@k``
    (`metrics.discounted_worth` of ``Case.worth``). The standard ones leave out queries without a
    relevant product.

    Args:
        cases: The queries.
        rankers: By the names they are to have.
        k: How many places count.
        catalogue: How many products could have been shown.
        seed: Of the shuffle and of the resamples.
        resamples: How many sets of queries are drawn for an interval.

    Raises:
        RankingError: there are no cases, a name is taken, k or the catalogue is below 1, a grade
            cannot be evaluated, or a ranker cannot score.
    """
    taken = {RETRIEVAL, RULES, SHUFFLE} & set(rankers)
    if not cases or taken or k < 1 or catalogue < 1:
        raise RankingError(
            f"{len(cases)} queries, k {k}, {catalogue} products and the taken names"
            f" {sorted(taken)} cannot be evaluated; give one query or more, k and a catalogue of 1"
            " or more, and rankers other names."
        )
    entrants: dict[str, Ranker | None] = {
        RETRIEVAL: RetrievalOrder(), RULES: Rules(), SHUFFLE: None, **rankers
    }  # fmt: skip
    values: dict[str, dict[str, _Float64Array]] = {}
    coverage: dict[str, float] = {}
    for name, ranker in entrants.items():
        orders = [_order(case, ranker, seed=(seed, at)) for at, case in enumerate(cases)]
        values[name] = _values(cases, orders, k=k)
        seen = {
            case.products[place]
            for case, order in zip(cases, orders, strict=True)
            for place in order[:k].tolist()
            if case.products[place]
        }
        coverage[name] = len(seen) / catalogue
    return {
        name: Standing(
            means={each: metrics.mean_over_queries(found) for each, found in by_measure.items()},
            coverage=coverage[name],
            over_retrieval={}
            if name == RETRIEVAL
            else _over(by_measure, values[RETRIEVAL], seed=seed, resamples=resamples),
        )
        for name, by_measure in values.items()
    }


def _order(case: Case, ranker: Ranker | None, *, seed: tuple[int, int]) -> Int32Array:
    """Places of the candidates, best first; equal scores keep retrieval order. None shuffles."""
    if ranker is None:
        return np.random.default_rng(seed).permutation(len(case.products)).astype(np.int32)
    if not case.products:
        return np.empty(0, dtype=np.int32)
    scores = ranker.score(ranker.features(case.query, case.candidates))
    return np.argsort(-scores, kind="stable").astype(np.int32)


def _values(
    cases: Sequence[Case], orders: Sequence[Int32Array], *, k: int
) -> dict[str, _Float64Array]:
    judged = [
        JudgedOrder(shown=tuple(case.grades[order].tolist()), missed=case.missed)
        for case, order in zip(cases, orders, strict=True)
    ]
    pairs = list(zip(cases, orders, strict=True))
    return standard_measures(judged, k=k) | {
        f"distance@{k}": np.array(
            [
                metrics.intra_list_distance(case.candidates.vectors[order[:k]])
                for case, order in pairs
            ]
        ),
        f"revenue@{k}": np.array(
            [metrics.discounted_worth(case.worth[order], k=k) for case, order in pairs]
        ),
    }


def _over(
    ours: Mapping[str, _Float64Array],
    theirs: Mapping[str, _Float64Array],
    *,
    seed: int,
    resamples: int,
) -> dict[str, Interval]:
    return {
        name: bootstrap_interval(values - theirs[name], seed=seed, resamples=resamples)
        for name, values in ours.items()
    }
