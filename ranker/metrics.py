"""How good an order is, by the usual metrics of ranking.

Sources: Järvelin and Kekäläinen 2002 for the discounted gains, Manning et al. 2008 for the rest.
Every function of relevance takes the same arguments and gives one query's value:

- ``shown``: grades of the products in the order shown, best place first, (n,);
- ``judged``: grades of all products judged for the query, shown or not, in any order;
- ``k``: how many places count, None for all;
- ``relevant_from``: the least grade that counts as relevant, where relevance is yes or no.

Convention: a query without any relevant product in ``judged`` cannot be answered well or badly. Its
value is NaN, and `mean_over_queries` leaves it out. (Libraries differ here: LightGBM counts it 1,
trec_eval 0.) Where trec_eval, which `ir-measures` asks, follows another convention, the function
says so; `ranker.standard_measures` has the rest of the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from ranker.columns import VECTOR_SCALE, Int8Array

Grades = Sequence[float] | npt.NDArray[np.generic]


def dcg(shown: Grades, *, k: int | None = None) -> float:
    """Discounted cumulative gain: the sum of ``(2^grade - 1) / log2(place + 1)``, place from 1.

    >>> dcg([1, 0, 2])  # 1 / log2(2) + 3 / log2(4)
    2.5
    """
    gains = np.exp2(np.asarray(shown, dtype=np.float64)[:k]) - 1
    return float(gains @ (1 / np.log2(np.arange(len(gains)) + 2)))


def ndcg(shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1) -> float:
    """`dcg` over that of the best order of all judged products: 0 to 1.

    Grades below ``relevant_from`` gain nothing.

    >>> round(ndcg([1, 0, 2], [2, 1, 0, 0]), 4)  # 2.5 / (3 + 1 / log2(3))
    0.6885
    """
    ideal = dcg(np.sort(_counted(judged, relevant_from))[::-1], k=k)
    if ideal == 0:
        return float("nan")
    return dcg(_counted(shown, relevant_from), k=k) / ideal


def recall(
    shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1
) -> float:
    """Share of the relevant products that stand in the first k places.

    >>> recall([0, 1, 2], [1, 2, 1, 0], k=2)
    0.3333333333333333
    """
    return _ratio(_relevant(shown, relevant_from)[:k].sum(), _total(judged, relevant_from))


def precision(
    shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1
) -> float:
    """Share of the first k places that hold a relevant product; an empty place holds none.

    >>> precision([0, 1, 2], [1, 2], k=2)
    0.5
    """
    if not _total(judged, relevant_from):
        return float("nan")
    places = len(shown) if k is None else k
    return _ratio(_relevant(shown, relevant_from)[:k].sum(), max(places, 1))


def f1(shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1) -> float:
    """Harmonic mean of `precision` and `recall` at k; 0 where both are 0.

    >>> round(f1([0, 1, 2], [1, 2, 1], k=2), 4)  # of 1 / 2 and 1 / 3
    0.4
    """
    right = precision(shown, judged, k=k, relevant_from=relevant_from)
    found = recall(shown, judged, k=k, relevant_from=relevant_from)
    return 0.0 if right + found == 0 else 2 * right * found / (right + found)


def success(
    shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1
) -> float:
    """1 if any of the first k places holds a relevant product, else 0.

    >>> success([0, 0, 1], [1], k=2), success([0, 1, 1], [1], k=2)
    (0.0, 1.0)
    """
    if not _total(judged, relevant_from):
        return float("nan")
    return float(_relevant(shown, relevant_from)[:k].any())


def reciprocal_rank(
    shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1
) -> float:
    """1 over the place of the first relevant product, 0 without one; its mean is MRR.

    >>> reciprocal_rank([0, 0, 2, 1], [2, 1])
    0.3333333333333333
    """
    if not _total(judged, relevant_from):
        return float("nan")
    places = np.flatnonzero(_relevant(shown, relevant_from)[:k])
    return 1 / (1 + int(places[0])) if len(places) else 0.0


def average_precision(
    shown: Grades, judged: Grades, *, k: int | None = None, relevant_from: float = 1
) -> float:
    """Mean, over the relevant products, of the precision at their places; its mean is MAP.

    Relevant products outside the first k count 0; with k, the mean is over at most k products, so
    that k places can be filled perfectly. (trec_eval divides by all relevant products even then;
    without k both agree.)

    >>> average_precision([1, 0, 1], [1, 1])  # (1 / 1 + 2 / 3) / 2
    0.8333333333333333
    """
    hits = _relevant(shown, relevant_from)[:k]
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    total = _total(judged, relevant_from)
    return _ratio(float(precisions @ hits), total if k is None else min(total, k))


def intra_list_distance(vectors: Int8Array, *, k: int | None = None) -> float:
    """Mean cosine distance of all pairs of the first k products shown; NaN below two.

    ``vectors`` is int8 (n, d) in the order shown, unit vectors times 127.

    >>> round(intra_list_distance(np.array([[127, 0], [0, 127], [127, 0]], dtype=np.int8)), 3)
    0.667
    """
    rows = vectors[:k].astype(np.float64) * float(VECTOR_SCALE)
    count = len(rows)
    if count <= 1:
        return float("nan")
    # The sum over all pairs is the squared length of the sum less the squared lengths.
    total = rows.sum(axis=0)
    pairs = (total @ total - np.einsum("nd,nd->", rows, rows)) / (count * (count - 1))
    return float(1 - pairs)


def discounted_worth(worth: Sequence[float] | npt.NDArray[np.floating], *, k: int) -> float:
    """What the first k places are worth to a shopper who looks at place p with 1 / log2(p + 1).

    ``worth`` is what each product shown brings when it is looked at, best place first, (n,); the
    discount is that of `dcg`.

    >>> discounted_worth([10.0, 0.0, 4.0, 100.0], k=3)  # 10 / log2(2) + 4 / log2(4)
    12.0
    """
    first = np.asarray(worth, dtype=np.float64)[:k]
    return float(first @ (1 / np.log2(np.arange(len(first)) + 2)))


def mean_over_queries(values: Iterable[float]) -> float:
    """Mean of one metric over queries, without those that are NaN; NaN where nothing is left.

    >>> mean_over_queries([1.0, float("nan"), 0.5])
    0.75
    """
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _counted(grades: Grades, relevant_from: float) -> npt.NDArray[np.float64]:
    array = np.asarray(grades, dtype=np.float64)
    return np.where(array >= relevant_from, array, 0)


def _relevant(grades: Grades, relevant_from: float) -> npt.NDArray[np.bool_]:
    return np.asarray(grades, dtype=np.float64) >= relevant_from


def _total(judged: Grades, relevant_from: float) -> int:
    return int(_relevant(judged, relevant_from).sum())


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
