"""Exact search in memory: the plain twin of `milvus`, for tests and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from server.arrays import BoolArray, Float32Array
from server.deadline import Deadline
from server.errors import AlreadyInUse, DeadlineExceeded, NotFound
from server.retrieval.filters.evaluate import evaluate
from server.retrieval.filters.tree import Filter
from server.retrieval.protocol import (
    FilterColumns,
    IndexRows,
    Searched,
    SparseVector,
    View,
    ViewHits,
    ViewQuery,
)
from server.retrieval.rows import check_query, check_rows, last_of_each_id, take_rows


class ExactIndex:
    """Every search compares with every row; every write makes a new table, which readers share."""

    def __init__(self, name: str, *, dimension: int) -> None:
        self._name = name
        self._dimension = dimension
        self._writing = threading.Lock()
        self._rows = _empty(dimension)

    @property
    def name(self) -> str:
        """The index's name."""
        return self._name

    @property
    def dimension(self) -> int:
        """Width of its vectors."""
        return self._dimension

    def upsert(self, rows: IndexRows) -> None:
        """Write rows in place of those of the same id."""
        check_rows(rows, dimension=self._dimension)
        with self._writing:
            self._rows = last_of_each_id(_stacked(self._rows, rows, dimension=self._dimension))

    def delete(self, ids: Sequence[str]) -> None:
        """Remove ids."""
        gone = frozenset(ids)
        with self._writing:
            rows = self._rows
            kept = [place for place, each in enumerate(rows.ids) if each not in gone]
            self._rows = take_rows(rows, kept)

    def search(
        self,
        query: ViewQuery,
        *,
        limit: int,
        filter_tree: Filter | None = None,
        deadline: Deadline,
    ) -> ViewHits:
        """The most similar rows of one view that pass the filter."""
        check_query(query, dimension=self._dimension, limit=limit)
        deadline.check(f"the search of {query.view} vectors")
        rows = self._rows
        similarities, found = _similarities(rows, query)
        if filter_tree is not None:
            found &= evaluate(filter_tree, ids=rows.ids, columns=rows.filters)
        places = np.flatnonzero(found)
        best = places[np.argsort(-similarities[places], kind="stable")[:limit]]
        deadline.check(f"the search of {query.view} vectors")
        return ViewHits(
            view=query.view,
            ids=tuple(rows.ids[each] for each in best),
            similarities=similarities[best],
        )

    def search_views(
        self,
        queries: Sequence[ViewQuery],
        *,
        limit: int,
        filter_tree: Filter | None = None,
        deadline: Deadline,
    ) -> list[Searched]:
        """One view after the other."""
        searched: list[Searched] = []
        for query in queries:
            try:
                searched.append(
                    self.search(query, limit=limit, filter_tree=filter_tree, deadline=deadline)
                )
            except DeadlineExceeded as error:
                searched.append(error)
        return searched

    def ids(self) -> set[str]:
        """Ids of every row."""
        return set(self._rows.ids)


class ExactEngine:
    """Indexes in a dictionary; closing forgets nothing, the process ending forgets all."""

    def __init__(self) -> None:
        self._indexes: dict[str, ExactIndex] = {}

    def create(self, name: str, *, dimension: int) -> ExactIndex:
        """Make an empty index."""
        if name in self._indexes:
            raise AlreadyInUse(f"there is an index {name} already; drop it first", index=name)
        index = self._indexes[name] = ExactIndex(name, dimension=dimension)
        return index

    def open(self, name: str) -> ExactIndex:
        """An index made before."""
        if name not in self._indexes:
            raise NotFound(f"there is no index {name}; create it first", index=name)
        return self._indexes[name]

    def drop(self, name: str) -> None:
        """Remove an index."""
        self._indexes.pop(name, None)

    def names(self) -> list[str]:
        """Names of all indexes, sorted."""
        return sorted(self._indexes)

    def close(self) -> None:
        """Nothing is held."""


def _similarities(rows: IndexRows, query: ViewQuery) -> tuple[Float32Array, BoolArray]:
    """Similarity of every row, and whether the row has the view."""
    if query.view is View.LEXICAL or query.vector is None:
        scores = np.array([_overlap(query.words, each) for each in rows.lexical], dtype=np.float32)
        return scores, scores > 0
    vectors, has = (
        (rows.text, rows.has_text) if query.view is View.TEXT else (rows.image, rows.has_image)
    )
    return vectors @ query.vector, has.copy()


def _overlap(words: SparseVector, document: Mapping[int, float]) -> float:
    return sum(weight * document.get(term, 0.0) for term, weight in words.items())


def _empty(dimension: int) -> IndexRows:
    none = np.empty((0, dimension), dtype=np.float32)
    flags = np.empty(0, dtype=np.bool_)
    filters = FilterColumns(
        group_id=(),
        categories=(),
        leaf_paths=(),
        brand=(),
        color=(),
        price=(),
        stock=(),
        rating=(),
        attributes=(),
    )
    return IndexRows(
        ids=(), text=none, has_text=flags, image=none, has_image=flags, lexical=(), filters=filters
    )


def _stacked(old: IndexRows, new: IndexRows, *, dimension: int) -> IndexRows:
    return IndexRows(
        ids=old.ids + new.ids,
        text=np.concatenate([old.text, _filled(new.text, new.has_text, dimension)]),
        has_text=np.concatenate([old.has_text, new.has_text]),
        image=np.concatenate([old.image, _filled(new.image, new.has_image, dimension)]),
        has_image=np.concatenate([old.has_image, new.has_image]),
        lexical=old.lexical + new.lexical,
        filters=FilterColumns(
            group_id=old.filters.group_id + new.filters.group_id,
            categories=old.filters.categories + new.filters.categories,
            leaf_paths=old.filters.leaf_paths + new.filters.leaf_paths,
            brand=old.filters.brand + new.filters.brand,
            color=old.filters.color + new.filters.color,
            price=[*old.filters.price, *new.filters.price],
            stock=[*old.filters.stock, *new.filters.stock],
            rating=[*old.filters.rating, *new.filters.rating],
            attributes=old.filters.attributes + new.filters.attributes,
        ),
    )


def _filled(vectors: Float32Array, has: BoolArray, dimension: int) -> Float32Array:
    """The vectors with zeros where there is none, whatever stood there."""
    filled = np.zeros((len(has), dimension), dtype=np.float32)
    filled[has] = vectors[has] if has.any() else filled[has]
    return filled
