"""A batch of embedded products to the store, the index and the table, in an order that survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from omnishelf.v1 import product_pb2

from server.arrays import BoolArray, Float32Array
from server.catalog.catalogs import Catalog
from server.catalog.codec import to_record
from server.catalog.record import ProductRecord
from server.catalog.rows import StoredProduct
from server.catalog.vector_bytes import unpack
from server.ingest.filter_columns import filter_columns
from server.ingest.words import ProductWords, product_words
from server.retrieval.analysis import Analyzer
from server.retrieval.protocol import IndexRows
from server.signals.table import TableRows
from server.signals.terms import TermRows, term_rows, to_blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """n products as the store keeps them, with all that follows from that.

    ``text`` and ``image`` are unit rows float32 (n, d), ``has_text`` and ``has_image`` bool (n,);
    ``values`` holds the vectors of value texts the table may not know.
    """

    rows: Sequence[StoredProduct]
    records: Sequence[ProductRecord]
    words: Sequence[ProductWords]
    terms: TermRows
    text: Float32Array
    has_text: BoolArray
    image: Float32Array
    has_image: BoolArray
    values: Mapping[str, Float32Array]


def make_batch(
    rows: Sequence[StoredProduct],
    *,
    values: Mapping[str, Float32Array],
    analyzer: Analyzer,
    dimension: int,
) -> Batch:
    """The batch of stored rows; their terms are analysed anew.

    New products come this way like recovered ones, so that what is served is what is stored.
    """
    records = [to_record(product_pb2.Product.FromString(row.payload)) for row in rows]
    words = [product_words(record, analyzer=analyzer) for record in records]
    terms = term_rows([each.terms for each in words])
    text, has_text = unpack([row.text_vector for row in rows], dimension=dimension)
    image, has_image = unpack([row.image_vector for row in rows], dimension=dimension)
    return Batch(
        rows=[replace(row, terms=blob) for row, blob in zip(rows, to_blobs(terms), strict=True)],
        records=records,
        words=words,
        terms=terms,
        text=text,
        has_text=has_text,
        image=image,
        has_image=has_image,
        values=values,
    )


def commit(catalog: Catalog, batch: Batch) -> None:
    """Make products durable and searchable.

    They are stored as pending before they are indexed. A process that dies in between leaves rows
    that `server.ingest.recovery` indexes from the store; they are never half there.
    """
    catalog.products.write_pending(batch.rows, values=batch.values)
    publish(catalog, batch)


def publish(catalog: Catalog, batch: Batch) -> None:
    """Index products that are stored as pending, and let searches see them."""
    catalog.products.mark_indexed(_index(catalog, batch))
    catalog.table.put(
        TableRows(
            records=batch.records,
            text=batch.text,
            has_text=batch.has_text,
            image=batch.image,
            has_image=batch.has_image,
            terms=batch.terms,
            value_vectors=batch.values,
        )
    )


def reindex(catalog: Catalog, batch: Batch) -> None:
    """Index products anew of which only what filters ask for changed, which was noted before."""
    catalog.products.mark_indexed(_index(catalog, batch), noted=False)


def _index(catalog: Catalog, batch: Batch) -> tuple[str, ...]:
    ids = tuple(row.id for row in batch.rows)
    catalog.index.upsert(
        IndexRows(
            ids=ids,
            text=batch.text,
            has_text=batch.has_text,
            image=batch.image,
            has_image=batch.has_image,
            lexical=tuple(words.weights for words in batch.words),
            filters=filter_columns(batch.records),
        )
    )
    return ids
