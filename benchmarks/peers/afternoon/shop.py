"""The afternoon service's shop in memory: replies ready to send, and what its ranker must know.

It reads the same data directory as ours. What it reuses, so that its answers can be equal: the
reading of stored products into columns, the analyzer of words, the joining of views and the
features. Everything around them is its own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omnishelf.v1 import product_pb2

from exporter.lexicon import read_lexicon
from exporter.spec import read_manifest
from ranker.columns import CandidateColumns, QueryFacts
from server.arrays import Float32Array
from server.catalog.load import load_table
from server.catalog.naming import index_name
from server.catalog.store import Store
from server.completed import completed
from server.query import Query, TextPart
from server.query_facts import QueryWords, query_facts, query_words
from server.retrieval.analysis import Analyzer
from server.retrieval.filters.fields import fold
from server.retrieval.merge import merge, retrieval_order
from server.retrieval.protocol import View, ViewHits
from server.signals.table import ProductTable

IMAGE_SHARE = 0.2
LEXICAL_WEIGHT = 0.1
_STORED_IMAGE_SHARE = 0.3
_CHUNK_ROWS = 4_096
_DECIMALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What is ranked: n products and their columns, in retrieval order."""

    ids: tuple[str, ...]
    columns: CandidateColumns


class Shop:
    """One catalog, read whole."""

    def __init__(self, store_url: str, catalog: str, *, bundle: Path) -> None:
        manifest = read_manifest(bundle)
        store = Store(store_url)
        try:
            generation = store.generations.served()[catalog]
            rows = store.rows(generation.number)
            self._table = ProductTable(
                dimension=manifest.dimension, fold=fold, image_share=_STORED_IMAGE_SHARE
            )
            load_table(self._table, rows, dimension=manifest.dimension)
            self.shown: Mapping[str, dict[str, Any]] = {
                row.id: _shown(row.id, product_pb2.Product.FromString(row.payload))
                for chunk in rows.chunks(size=_CHUNK_ROWS)
                for row in chunk
            }
        finally:
            store.close()
        self.collection = index_name(generation)
        self._catalog = catalog
        self._analyzer = Analyzer(
            read_lexicon(bundle / manifest.lexicon) if manifest.lexicon else {}
        )

    def words(self, text: str) -> tuple[QueryWords, QueryFacts]:
        """The words of a query for the search by words, and the features' facts of it."""
        query = Query(catalog=self._catalog, parts=(TextPart(text=text),))
        words = query_words(query, self._analyzer, self._table.reader())
        return words, query_facts(query, words)

    def candidates(
        self,
        found: Sequence[tuple[View, Sequence[str], Sequence[float]]],
        vector: Float32Array,
        *,
        limit: int,
    ) -> Candidates:
        """The views' finds joined, the best ``limit`` in retrieval order."""
        reader = self._table.reader()
        hits = [
            ViewHits(view=view, ids=tuple(ids), similarities=np.array(values, np.float32))
            for view, ids, values in found
        ]
        merged = completed(merge(hits, rows_of=reader.rows), frozenset(View), reader, vector)
        order, score = retrieval_order(
            merged.text_similarity,
            merged.image_similarity,
            merged.lexical_score,
            image_share=IMAGE_SHARE,
            lexical_weight=LEXICAL_WEIGHT,
        )
        order = order[:limit]
        columns = reader.gather(
            merged, order=order, score=score, query_vector=vector, now_seconds=time.time()
        )
        return Candidates(ids=tuple(merged.ids[place] for place in order), columns=columns)


def _shown(product_id: str, product: product_pb2.Product) -> dict[str, Any]:
    """What a list of hits shows of a product: no descriptions, no attributes."""
    return {
        "id": product_id,
        "title": product.title,
        "titles": {tag: each.title for tag, each in product.translations.items()},
        "categories": list(product.category_paths),
        "brand": product.brand,
        "color": product.color,
        "group_id": product.group_id,
        "price": round(product.price.units + product.price.nanos / 1e9, _DECIMALS),
        "currency": product.price.currency_code,
        "stock": product.stock,
        "rating": round(product.rating.average, _DECIMALS),
        "rating_count": product.rating.count,
        "images": [image.uri for image in product.images],
    }
