"""Measures of one answered query, and their means over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ranker.metrics import mean_over_queries, ndcg, recall, success

_DECIMALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good one answer is.

    NDCG gains ``2^grade - 1`` and is divided by that of the best order of the judged products.
    Recall is relevant products found over relevant products judged, not over at most 50.
    """

    ndcg_10: float
    recall_50: float
    success_5: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One query's language and the quality of its answers: as served, and by likeness alone."""

    language: str
    served: Quality
    retrieval: Quality


def quality_of(ids: Sequence[str], grades: Mapping[str, float]) -> Quality:
    """Judge the order of ``ids``, best first; a product without a grade counts 0.

    Example:
        >>> quality_of(["x", "a"], {"a": 1, "b": 1})
        Quality(ndcg_10=0.38685280723454163, recall_50=0.5, success_5=1.0)
    """
    shown = [grades.get(id_, 0.0) for id_ in ids]
    judged = list(grades.values())
    return Quality(
        ndcg_10=ndcg(shown, judged, k=10, relevant_from=0),
        recall_50=recall(shown, judged, k=50),
        success_5=success(shown, judged, k=5),
    )


def summary(answers: Sequence[Answer]) -> dict[str, object]:
    """Means over all queries, by language, and of retrieval alone, rounded to four decimals."""
    languages = sorted({answer.language for answer in answers})
    groups = {
        language: [answer for answer in answers if answer.language == language]
        for language in languages
    }
    return {
        "queries": len(answers),
        **_means([answer.served for answer in answers]),
        "by_language": {
            language: {
                "queries": len(group), **_pair([answer.served for answer in group])
            }
            for language, group in groups.items()
        },
        "retrieval_only": {
            **_means([answer.retrieval for answer in answers]),
            "by_language": {
                language: _pair([answer.retrieval for answer in group])
                for language, group in groups.items()
            },
        },
    }  # fmt: skip


def _means(qualities: Sequence[Quality]) -> dict[str, float | None]:
    return {**_pair(qualities), "success@5": _mean([each.success_5 for each in qualities])}


def _pair(qualities: Sequence[Quality]) -> dict[str, float | None]:
    return {
        "ndcg@10": _mean([each.ndcg_10 for each in qualities]),
        "recall@50": _mean([each.recall_50 for each in qualities]),
    }


def _mean(values: Sequence[float]) -> float | None:
    """The mean, None where no query has a value: JSON has no NaN."""
    mean = mean_over_queries(values)
    return None if mean != mean else round(mean, _DECIMALS)  # noqa: PLR0124 - NaN alone differs
