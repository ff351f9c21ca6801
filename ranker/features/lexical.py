"""Words of the query that the product carries, weighted by their inverse document frequency."""

from __future__ import annotations

import numpy as np

from ranker.columns import Float32Array, TermColumn, TermField
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene
from ranker.features.word_match import match_words

_FIELDS = tuple(TermField)
_TITLE = _FIELDS.index(TermField.TITLE)


def lexical(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``.

    A share matched is the weight of the words matched over the weight of all words: NaN for a field
    that the product lacks, and everywhere for a query without words. ``words_missing`` counts the
    words that some candidate carries and this one does not, so that words nobody carries (another
    language, chatter) hold nothing against anyone.
    """
    query, candidates = scene.query, scene.candidates
    scores = candidates.lexical_score
    best = np.fmax.reduce(scores, initial=np.float32(1e-6))
    np.divide(scores, best, out=rows[-2])
    rows[-1] = scores
    if not query.term_groups:
        rows[:-2] = np.nan
        return
    fields, words = len(_FIELDS), len(query.term_groups)
    columns = [candidates.terms.get(field) or _empty(len(candidates)) for field in _FIELDS]
    matches = match_words(query.term_groups, columns)
    weights = query.term_weights / np.add.reduce(query.term_weights)
    np.matmul(matches.carried.reshape(-1, words), weights, out=rows[:fields].reshape(-1))
    np.putmask(rows[:fields], matches.lengths == 0, np.nan)
    anywhere = np.maximum.reduce(matches.carried)
    np.matmul(anywhere, weights, out=rows[fields])
    missed = 1 - anywhere
    np.matmul(missed, matches.known, out=rows[fields + 2])
    np.matmul(missed, query.term_weights, out=rows[fields + 3])
    covered = np.divide(matches.hits[_TITLE], matches.lengths[_TITLE])
    # The magnitude, because 0 / 0 is a NaN of whatever sign the processor likes.
    np.abs(covered, out=rows[fields + 4], casting="same_kind")


def _empty(rows: int) -> TermColumn:
    return TermColumn(terms=np.empty(0, dtype=np.int32), offsets=np.zeros(rows + 1, dtype=np.int32))


FAMILY = Family(
    name="lexical",
    version=2,
    features=(
        *(Feature(name=f"{field.value}_words_matched", direction=1) for field in _FIELDS),
        Feature(name="words_matched", direction=1),
        Feature(
            name="words_matched_gap", direction=1, finish=Finish.GAP_TO_BEST, of="words_matched"
        ),
        Feature(name="words_missing", direction=-1),
        Feature(name="words_unmatched_weight", direction=-1),
        Feature(name="title_covered", direction=1),
        Feature(name="lexical_relative", direction=1),
        Feature(name="lexical_reciprocal_rank", direction=1, finish=Finish.RECIPROCAL_RANK),
    ),
    give=lexical,
)
