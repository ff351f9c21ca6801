"""The standard measures of ranking as trec_eval computes them, asked through `ir-measures`.

Where its conventions differ from `ranker.metrics`, and what is done about it here:

- trec_eval gains the grade itself, we ``2^grade - 1``: it is given our gains as grades, and then
  both agree. It keeps a counter for every grade up to the highest, so grades are bounded.
- A query without any relevant product counts 0 there and NaN here: it is not asked, and stays NaN.
- Equal scores are ordered by the products' names there and by the order given here: it is given the
  places as scores, so there are no ties.
- A query with an empty list is left out there; with relevant products it counts 0 here.
- Average precision at k divides by all relevant products there, and by at most k here: only the
  measure over the whole list, where both agree, is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
import numpy.typing as npt
from ir_measures import AP, RR, P, R, nDCG

from ranker.errors import RankingError

LARGEST_GRADE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedOrder:
    """One query's answer.

    ``shown`` are the grades in the order shown, best place first; ``missed`` those of judged
    products that are not shown. All are whole numbers from 0 to `LARGEST_GRADE`.
    """

    shown: tuple[int, ...]
    missed: tuple[int, ...]


def standard_measures(
    orders: Sequence[JudgedOrder], *, k: int
) -> dict[str, npt.NDArray[np.float64]]:
    """``ndcg@k``, ``map``, ``mrr``, ``recall@k``, ``precision@k``, ``f1@k``: float64 (q,) each.

    ``map`` and ``mrr`` are over the whole list. Products of grade 1 and more are relevant.

    Raises:
        RankingError: a grade is not a whole number from 0 to `LARGEST_GRADE`.
    """
    _check(orders)
    judged = [order for order in orders if any(order.shown) or any(order.missed)]
    answerable = np.array([any(each.shown) or any(each.missed) for each in orders], dtype=np.bool_)
    plain = {str(place): _named(order) for place, order in enumerate(judged)}
    gained = {
        name: {product: 2**grade - 1 for product, grade in grades.items()}
        for name, grades in plain.items()
    }
    shown = {
        str(place): {_shown_name(at): -float(at) for at in range(len(order.shown))}
        for place, order in enumerate(judged)
        if order.shown
    }
    asked = {"map": AP, "mrr": RR, f"recall@{k}": R @ k, f"precision@{k}": P @ k}
    values = {f"ndcg@{k}": _asked({"ndcg": nDCG @ k}, gained, shown, queries=len(judged))["ndcg"]}
    values |= _asked(asked, plain, shown, queries=len(judged))
    right, found = values[f"precision@{k}"], values[f"recall@{k}"]
    # Where both are 0 so is their harmonic mean.
    values[f"f1@{k}"] = 2 * right * found / np.where(right + found > 0, right + found, 1)
    return {name: _spread(known, answerable) for name, known in values.items()}


def _asked(
    measures: dict[str, ir_measures.Measure],
    judged: dict[str, dict[str, int]],
    shown: dict[str, dict[str, float]],
    *,
    queries: int,
) -> dict[str, npt.NDArray[np.float64]]:
    values = {name: np.zeros(queries) for name in measures}
    if shown:
        names = {measure: name for name, measure in measures.items()}
        for each in ir_measures.iter_calc(list(measures.values()), judged, shown):
            values[names[each.measure]][int(each.query_id)] = each.value
    return values


def _named(order: JudgedOrder) -> dict[str, int]:
    missed = {f"missed{place}": grade for place, grade in enumerate(order.missed)}
    return {_shown_name(place): grade for place, grade in enumerate(order.shown)} | missed


def _shown_name(place: int) -> str:
    return f"shown{place}"


def _spread(
    known: npt.NDArray[np.float64], answerable: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    values = np.full(len(answerable), np.nan)
    values[answerable] = known
    return values


def _check(orders: Sequence[JudgedOrder]) -> None:
    grades = {grade for order in orders for grade in (*order.shown, *order.missed)}
    wrong = [grade for grade in grades if grade != int(grade) or not 0 <= grade <= LARGEST_GRADE]
    if wrong:
        raise RankingError(
            f"{wrong[0]} is no grade that can be evaluated; give whole numbers from 0 to"
            f" {LARGEST_GRADE}."
        )
