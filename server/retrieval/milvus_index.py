"""One index as a Milvus collection: writing, deleting, searching."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from server.deadline import Deadline
from server.retrieval.filters.milvus_expression import (
    TagStorage,
    milvus_expression,
    one_of_ids,
    product_ids,
)
from server.retrieval.filters.tree import Filter
from server.retrieval.milvus_connection import MilvusConnection
from server.retrieval.milvus_schema import FLAG_FIELDS, METRIC, VECTOR_FIELDS, entities
from server.retrieval.protocol import IndexRows, View, ViewHits, ViewQuery
from server.retrieval.rows import check_query, check_rows, last_of_each_id

Item = TypeVar("Item")

_ROWS_A_CALL = 500
_IDS_A_PAGE = 5_000
_SEARCH_PARAMS = {"metric_type": METRIC}


class MilvusIndex:
    """One collection.

    Rows that lack a view hold a placeholder there and a flag that says so. The flag is asked for
    only once this index has such rows: filters cost time. A server may get rows from other
    processes, so there it is always asked for.
    """

    def __init__(
        self,
        name: str,
        *,
        dimension: int,
        connection: MilvusConnection,
        tags: TagStorage,
        lacking: frozenset[View],
    ) -> None:
        self._name = name
        self._dimension = dimension
        self._connection = connection
        self._tags = tags
        self._lacking = lacking
        self._writing = threading.Lock()

    @property
    def name(self) -> str:
        """The collection's name."""
        return self._name

    @property
    def dimension(self) -> int:
        """Width of its dense vectors."""
        return self._dimension

    def upsert(self, rows: IndexRows) -> None:
        """Write rows in place of those of the same id."""
        check_rows(rows, dimension=self._dimension)
        unique = last_of_each_id(rows)
        with self._writing:
            # Before the rows are there, so that no search sees a placeholder.
            self._lacking |= _views_lacking(unique)
            for batch in _batched(
                entities(unique, dimension=self._dimension, tags=self._tags), _ROWS_A_CALL
            ):
                with self._connection.asked("write products") as (client, seconds):
                    client.upsert(self._name, batch, timeout=seconds)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove ids; those not there are passed over."""
        with self._writing:
            for batch in _batched(iter(ids), _ROWS_A_CALL):
                # Not by pymilvus' `ids`, which it writes into an expression unescaped.
                condition = one_of_ids(batch)
                with self._connection.asked("delete products") as (client, seconds):
                    client.delete(self._name, filter=condition, timeout=seconds)

    def search(
        self,
        query: ViewQuery,
        *,
        limit: int,
        filter_tree: Filter | None = None,
        deadline: Deadline,
    ) -> ViewHits:
        """The most similar products of one view that pass the filter."""
        check_query(query, dimension=self._dimension, limit=limit)
        if query.view is View.LEXICAL and not query.words:
            return ViewHits(view=query.view, ids=(), similarities=np.empty(0, np.float32))
        vector = query.words if query.view is View.LEXICAL else query.vector
        condition = self._condition(query.view, filter_tree)
        with self._connection.asked("search", deadline=deadline) as (client, seconds):
            hits = client.search(
                self._name,
                data=[vector],
                anns_field=VECTOR_FIELDS[query.view],
                filter=condition,
                limit=limit,
                search_params=_SEARCH_PARAMS,
                timeout=seconds,
            )[0]
        return ViewHits(
            view=query.view,
            ids=product_ids(hits.ids),
            similarities=np.array(hits.distances, dtype=np.float32),
        )

    def ids(self) -> set[str]:
        """Ids of every stored product."""
        found: set[str] = set()
        with self._connection.asked("list products") as (client, seconds):
            pages = client.query_iterator(
                self._name, batch_size=_IDS_A_PAGE, output_fields=["id"], timeout=seconds
            )
            while page := pages.next():
                found.update(product_ids([row["id"] for row in page]))
            pages.close()
        return found

    def _condition(self, view: View, filter_tree: Filter | None) -> str:
        parts = [f"{FLAG_FIELDS[view]} == true"] if view in self._lacking else []
        if filter_tree is not None:
            parts.append(milvus_expression(filter_tree, tags=self._tags))
        return " and ".join(parts)


def _views_lacking(rows: IndexRows) -> frozenset[View]:
    complete = {
        View.TEXT: bool(rows.has_text.all()),
        View.IMAGE: bool(rows.has_image.all()),
        View.LEXICAL: all(rows.lexical),
    }
    return frozenset(view for view, whole in complete.items() if not whole)


def _batched(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(itertools.islice(items, size)):
        yield batch
