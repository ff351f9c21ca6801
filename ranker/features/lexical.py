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
    rows = np.empty((len(FAMILY.features), len(candidates)), dtype=np.float32)
    scores = candidates.lexical_score[None, :]
    np.divide(scores, np.maximum(best(scores), np.float32(1e-6)), out=rows[-2:-1])
    rows[-1] = reciprocal_rank(scores)
    if not query.term_groups:
        rows[:-2] = np.nan
        return rows
    fields, words = len(_FIELDS), len(query.term_groups)
    columns = [candidates.terms.get(field) or _empty(len(candidates)) for field in _FIELDS]
    matches = match_words(query.term_groups, columns)
    carried = matches.carried.astype(np.float32)
    weights = query.term_weights / query.term_weights.sum()
    rows[:fields] = (carried.reshape(-1, words) @ weights).reshape(fields, -1)
    rows[:fields][matches.lengths == 0] = np.nan
    anywhere = np.maximum.reduce(carried)
    rows[fields] = anywhere @ weights
    rows[fields + 1] = gap_to_best(rows[fields : fields + 1])
    missed = 1 - anywhere
    somewhere = (np.ones(len(candidates), dtype=np.float32) @ anywhere > 0).astype(np.float32)
    rows[fields + 2] = missed @ somewhere
    rows[fields + 3] = missed @ query.term_weights
    title_words = matches.lengths[_TITLE]
    covered = matches.hits[_TITLE] / np.maximum(title_words, 1)
    covered[title_words == 0] = np.nan
    rows[fields + 4] = covered
    return rows


def _empty(rows: int) -> TermColumn:
    return TermColumn(terms=np.empty(0, dtype=np.int32), offsets=np.zeros(rows + 1, dtype=np.int32))


FAMILY = Family(
    name="lexical",
    version=2,
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
