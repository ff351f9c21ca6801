"""Words of the query that the product carries, weighted by their inverse document frequency."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts, TermColumn, TermField
from ranker.features.family import Family, Feature
from ranker.features.relative import best, gap_to_best, reciprocal_rank
from ranker.features.word_match import match_words

_FIELDS = tuple(TermField)
_TITLE = _FIELDS.index(TermField.TITLE)


def lexical(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``.

    A share matched is the weight of the words matched over the weight of all words: NaN for a field
    that the product lacks, and everywhere for a query without words. ``words_missing`` counts the
    words that some candidate carries and this one does not, so that words nobody carries (another
    language, chatter) hold nothing against anyone.
    """
    scores = candidates.lexical_score[None, :]
    relative = scores / np.maximum(best(scores), np.float32(1e-6))
    scored = np.concatenate((relative, reciprocal_rank(scores)))
    if not query.term_groups:
        unknown = np.full(
            (len(FAMILY.features) - len(scored), len(candidates)), np.nan, dtype=np.float32
        )
        return np.concatenate((unknown, scored))
    columns = [candidates.terms.get(field) or _empty(len(candidates)) for field in _FIELDS]
    matches = match_words(query.term_groups, columns)
    weights = query.term_weights / query.term_weights.sum()
    by_field = matches.carried @ weights
    by_field[matches.lengths == 0] = np.nan
    anywhere = matches.carried.any(axis=0)
    over_all = (anywhere @ weights)[None, :]
    missed = ~anywhere
    missing = (missed & anywhere.any(axis=0)) @ np.ones_like(weights)
    title_words = matches.lengths[_TITLE]
    covered = matches.hits[_TITLE] / np.maximum(title_words, 1)
    covered[title_words == 0] = np.nan
    rows = (
        by_field,
        over_all,
        gap_to_best(over_all),
        np.array((missing, missed @ query.term_weights, covered)),
        scored,
    )
    return np.concatenate(rows, dtype=np.float32)


def _empty(rows: int) -> TermColumn:
    return TermColumn(terms=np.empty(0, dtype=np.int32), offsets=np.zeros(rows + 1, dtype=np.int32))


FAMILY = Family(
    name="lexical",
    version=1,
    features=(
        *(Feature(name=f"{field.value}_words_matched", direction=1) for field in _FIELDS),
        Feature(name="words_matched", direction=1),
        Feature(name="words_matched_gap", direction=1),
        Feature(name="words_missing", direction=-1),
        Feature(name="words_unmatched_weight", direction=-1),
        Feature(name="title_covered", direction=1),
        Feature(name="lexical_relative", direction=1),
        Feature(name="lexical_reciprocal_rank", direction=1),
    ),
    compute=lexical,
)
