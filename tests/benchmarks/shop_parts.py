"""A drawn shop as the ranking benchmarks see it: questions with candidates, without a server."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.judged_shop import JudgedCandidates
from tests.ranker.conftest import random_request


def drawn_questions(count: int, *, candidates: int, seed: int = 5) -> list[JudgedCandidates]:
    """Questions over one set of products, the relevant ones nearer the front of retrieval order."""
    rng = np.random.default_rng(seed)
    asked = []
    for place in range(count):
        query, columns = random_request(seed + place, candidates)
        grades = np.zeros(candidates, np.int32)
        relevant = rng.choice(candidates // 2, size=candidates // 4, replace=False)
        grades[relevant] = rng.integers(1, 3, len(relevant))
        score = grades + rng.normal(0, 0.7, candidates)
        columns = replace(
            columns,
            retrieval_score=np.linspace(1, 0, candidates, dtype=np.float32),
            text_similarity=(score / 4).astype(np.float32),
            stock=np.ones(candidates, np.float32),
        )
        asked.append(
            JudgedCandidates(
                key=f"key{place // 2}",
                facts=query,
                columns=columns,
                products=tuple(f"p{number}" for number in range(candidates)),
                grades=grades,
                missed=(),
            )
        )
    return asked
