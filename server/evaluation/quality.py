"""Measures of one answered query, and their means over many."""

from __future__ import annotations

import math
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


def by_language(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Answers grouped by language, in the order of its name."""
    languages = sorted({answer.language for answer in answers})
    return {
        language: [answer for answer in answers if answer.language == language]
        for language in languages
    }


def means(qualities: Sequence[Quality]) -> dict[str, float | None]:
    """Means over queries, rounded to four decimals; None where no query has a value."""
    return {
        "ndcg@10": _mean([each.ndcg_10 for each in qualities]),
        "recall@50": _mean([each.recall_50 for each in qualities]),
        "success@5": _mean([each.success_5 for each in qualities]),
    }


def summary(answers: Sequence[Answer]) -> dict[str, object]:
    """Means over all queries, by language, and of retrieval alone, as JSON has them."""
    groups = by_language(answers)
    return {
        "queries": len(answers),
        **means([answer.served for answer in answers]),
        "by_language": {
            language: {"queries": len(group), **means([answer.served for answer in group])}
            for language, group in groups.items()
        },
        "retrieval_only": {
            **means([answer.retrieval for answer in answers]),
            "by_language": {
                language: means([answer.retrieval for answer in group])
                for language, group in groups.items()
            },
        },
    }


def _mean(values: Sequence[float]) -> float | None:
    mean = mean_over_queries(values)
    return None if math.isnan(mean) else round(mean, _DECIMALS)  # JSON has no NaN
