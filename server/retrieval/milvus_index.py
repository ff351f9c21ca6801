"""One index as a Milvus collection: writing, deleting, searching."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from server.deadline import Deadline
from server.errors import DeadlineExceeded, Unavailable
from server.retrieval.filters.milvus_expression import (
    TagStorage,
    milvus_expression,
    one_of_ids,
    product_ids,
)
from server.retrieval.filters.tree import Filter
from server.retrieval.milvus_calls import Found, SearchCalls
from server.retrieval.milvus_connection import MilvusConnection
from server.retrieval.milvus_request import own_writes, search_request
from server.retrieval.milvus_schema import FLAG_FIELDS, SEARCH_PARAMS, VECTOR_FIELDS, entities
from server.retrieval.protocol import IndexRows, Searched, View, ViewHits, ViewQuery
from server.retrieval.rows import check_query, check_rows, last_of_each_id

Item = TypeVar("Item")

_ROWS_A_CALL = 500
_IDS_A_PAGE = 5_000


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
        calls: SearchCalls | None,
        tags: TagStorage,
        lacking: frozenset[View],
    ) -> None:
        """``calls`` search faster than the connection does, where they can be had."""
        self._name = name
        self._dimension = dimension
        self._connection = connection
        self._calls = calls
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
        (searched,) = self.search_views(
            [query], limit=limit, filter_tree=filter_tree, deadline=deadline
        )
        if not isinstance(searched, ViewHits):
            raise searched
        return searched

    def search_views(
        self,
        queries: Sequence[ViewQuery],
        *,
        limit: int,
        filter_tree: Filter | None = None,
        deadline: Deadline,
    ) -> list[Searched]:
        """The views side by side; what fails so is asked again by the connection's client."""
        for query in queries:
            check_query(query, dimension=self._dimension, limit=limit)
        asked = [query for query in queries if query.view is not View.LEXICAL or query.words]
        conditions = {query.view: self._condition(query.view, filter_tree) for query in asked}
        try:
            with self._connection.asked("search", deadline=deadline) as (_, seconds):
                at_once = self._at_once(asked, conditions, limit=limit, seconds=seconds)
        except (Unavailable, DeadlineExceeded) as error:
            return [error for _ in queries]
        found = {query.view: each for query, each in zip(asked, at_once, strict=True)}
        return [
            ViewHits(view=query.view, ids=(), similarities=np.empty(0, np.float32))
            if query.view not in found
            else _hits(query.view, quick)
            if (quick := found[query.view])
            else self._again(query, conditions[query.view], limit=limit, deadline=deadline)
            for query in queries
        ]

    def _at_once(
        self,
        queries: Sequence[ViewQuery],
        conditions: Mapping[View, str],
        *,
        limit: int,
        seconds: float,
    ) -> Sequence[Found | None]:
        if self._calls is None:
            return [None] * len(queries)
        guarantee = own_writes(self._name, address=self._calls.address)
        requests = [
            search_request(
                query,
                collection=self._name,
                condition=conditions[query.view],
                limit=limit,
                guarantee=guarantee,
            )
            for query in queries
        ]
        return self._calls.ask(requests, timeout_seconds=seconds)

    def _again(
        self, query: ViewQuery, condition: str, *, limit: int, deadline: Deadline
    ) -> Searched:
        vector = query.words if query.view is View.LEXICAL else query.vector
        try:
            with self._connection.asked("search", deadline=deadline) as (client, seconds):
                hits = client.search(
                    self._name,
                    data=[vector],
                    anns_field=VECTOR_FIELDS[query.view],
                    filter=condition,
                    limit=limit,
                    search_params=SEARCH_PARAMS,
                    timeout=seconds,
                )[0]
        except (Unavailable, DeadlineExceeded) as error:
            return error
        found = Found(ids=hits.ids, similarities=np.array(hits.distances, dtype=np.float32))
        return _hits(query.view, found)

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


def _hits(view: View, found: Found) -> ViewHits:
    return ViewHits(view=view, ids=product_ids(found.ids), similarities=found.similarities)


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
