"""What is kept of one search, for rankers to learn from and for proofs."""

from __future__ import annotations

from dataclasses import dataclass

from ranker.columns import CandidateColumns, Float32Array, Int32Array, QueryFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedColumns:
    """All that a search was ranked by: n candidates in retrieval order, and what came of them.

    ``matrix`` is float32 (n, m), the features as served; ``scores`` float32 (n,); ``order`` int32
    (k,), the candidates' places in the order answered.
    """

    facts: QueryFacts
    columns: CandidateColumns
    matrix: Float32Array
    scores: Float32Array
    order: Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRecord:
    """One answered search.

    Attributes:
        search_id: As in the reply and in events.
        catalog: The catalog searched.
        time_seconds: Unix time of the answer.
        user, session: Who asked, as sent; empty where unknown.
        text: Words of the query, joined; empty without words.
        ranker: Id of the ranker that ordered.
        fingerprint: Of the features in ``features``, see `ranker.features.schema.fingerprint`;
            empty where something else than the model ordered.
        encoder_bundle: Id of the bundle.
        shown: Ids of the first p products, best first.
        features: float32 (p, m), their rows of the feature matrix.
        swapped: Places from 0 that were swapped at random to learn what position does; None where
            none were.
        ranked: All columns, of the sampled share of searches.
    """

    search_id: str
    catalog: str
    time_seconds: float
    user: str
    session: str
    text: str
    ranker: str
    fingerprint: str
    encoder_bundle: str
    shown: tuple[str, ...]
    features: Float32Array
    swapped: tuple[int, int] | None = None
    ranked: RankedColumns | None = None
