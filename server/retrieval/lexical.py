"""Words as sparse vectors whose inner product is a BM25 score, the same in every engine.

A product's vector holds what a word says of the product, the query's vector what the word is worth:

    document(t) = (k1 + 1) tf(t) / (k1 + tf(t))
    tf(t)       = sum over fields f of  w(f) n(t, f) / (1 - b + b length(f) / reference(f))
    query(t)    = ln(1 + (N - n(g) + 0.5) / (n(g) + 0.5))     for every term t of group g

``n(t, f)`` counts the term in the field, ``N`` counts products and ``n(g)`` those with the most
frequent term of the group. This is BM25F (Robertson and Zaragoza, The Probabilistic Relevance
Framework: BM25 and Beyond, 2009, sections 3.5 and 3.6) with two changes: lengths are compared with
a fixed reference instead of the mean, so that a vector once stored stays right while the catalogue
grows; and 1 is added inside the logarithm, so that a word in most products still counts for a
little.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ranker.columns import TermField
from server.arrays import Float32Array, Int32Array
from server.retrieval.protocol import SparseVector

DESCRIPTION = "description"
"""The field of long text beside those of `ranker.columns.TermField`."""

K1 = 1.2
B = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWeight:
    """How much a word in the field says, and how many words the field usually has."""

    weight: float
    reference_length: float


FIELD_WEIGHTS: Mapping[str, FieldWeight] = {
    TermField.TITLE: FieldWeight(weight=3.0, reference_length=6.0),
    TermField.CATEGORY: FieldWeight(weight=2.0, reference_length=6.0),
    TermField.COLOR: FieldWeight(weight=2.0, reference_length=1.0),
    TermField.BRAND: FieldWeight(weight=2.0, reference_length=2.0),
    TermField.ATTRIBUTE: FieldWeight(weight=1.0, reference_length=12.0),
    DESCRIPTION: FieldWeight(weight=1.0, reference_length=50.0),
}


def document_vector(fields: Mapping[str, Sequence[int]]) -> SparseVector:
    """A product's vector.

    Args:
        fields: Term hashes of each field's words in order with repeats, as
            `analysis.Analyzer.product_terms` gives them, keyed by `ranker.columns.TermField` and
            ``DESCRIPTION``; a field may be absent.

    Raises:
        KeyError: a field of another name.

    Example:
        >>> document_vector({"color": [7]})
        {7: 1.375}
    """
    frequency: dict[int, float] = {}
    for name, terms in fields.items():
        field = FIELD_WEIGHTS[name]
        scale = field.weight / (1.0 - B + B * len(terms) / field.reference_length)
        for term, count in Counter(terms).items():
            frequency[term] = frequency.get(term, 0.0) + scale * count
    return {term: (K1 + 1.0) * each / (K1 + each) for term, each in frequency.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWeights:
    """What the words of a query are worth.

    ``idf`` is float32 (g,), above 0, one a group; ``weights`` gives every term of every group.
    """

    idf: Float32Array
    weights: SparseVector


def query_vector(
    groups: Sequence[Iterable[int]],
    *,
    frequencies: Callable[[Sequence[int]], Int32Array],
    documents: int,
) -> QueryWeights:
    """A query's vector.

    Args:
        groups: The terms of each word, as `analysis.Analyzer.query_groups` gives them. A term of
            several groups counts for each.
        frequencies: In how many products each of k terms occurs, int32 (k,).
        documents: How many products there are.
    """
    members = [sorted(group) for group in groups]
    counts = iter(frequencies(list(itertools.chain.from_iterable(members))))
    most = [max(itertools.islice(counts, len(group)), default=0) for group in members]
    # A product deleted between the two counts must not make a logarithm of a negative number.
    n = np.minimum(np.array(most, dtype=np.float64), documents)
    idf = np.log1p((documents - n + 0.5) / (n + 0.5)).astype(np.float32)
    weights: dict[int, float] = {}
    for group, weight in zip(members, idf.tolist(), strict=True):
        for term in group:
            weights[term] = weights.get(term, 0.0) + weight
    return QueryWeights(idf=idf, weights=weights)
