"""The words of a product, as the ranker matches them and as the lexical view weighs them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from ranker.columns import TermField
from server.catalog.record import ProductRecord
from server.retrieval.analysis import Analyzer
from server.retrieval.lexical import DESCRIPTION, document_vector
from server.retrieval.protocol import SparseVector
from server.signals.terms import REST

_KEPT_TEXTS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductWords:
    """Term hashes by list of `server.signals.terms.LISTS`, and the weights of the lexical view."""

    terms: dict[str, list[int]]
    weights: SparseVector


def product_words(record: ProductRecord, *, analyzer: Analyzer) -> ProductWords:
    """Analyse a product's texts; titles and descriptions of all languages count alike."""
    translations = record.translations.values()
    texts = {
        TermField.TITLE: (record.title, *(text.title for text in translations)),
        TermField.CATEGORY: record.category_paths,
        TermField.COLOR: (record.color,),
        TermField.BRAND: (record.brand,),
        TermField.ATTRIBUTE: tuple(value for each in record.attributes.values() for value in each),
        DESCRIPTION: (record.description, *(text.description for text in translations)),
    }
    found = {
        name: [term for text in parts if text for term in _terms(analyzer, text)]
        for name, parts in texts.items()
    }
    terms = {str(field): found[field] for field in TermField} | {REST: found[DESCRIPTION]}
    return ProductWords(terms=terms, weights=document_vector(found))


@functools.lru_cache(maxsize=_KEPT_TEXTS)
def _terms(analyzer: Analyzer, text: str) -> tuple[int, ...]:
    """The terms of a text; remembered, for neighbours in a file share colours, sizes and words."""
    return tuple(analyzer.product_terms(text))
