"""What a vector engine is: the contract of `milvus` and its exact twin, for the next implementer.

Ids are product ids, unique in an index, at most 128 characters. Vectors are float32, unit norm,
``dimension`` wide. Similarity is the inner product: of unit vectors the cosine, of lexical vectors
the BM25 score. Larger is more alike. Hits come in falling similarity; equal similarities in any
order. There is no padding: fewer matches than asked give fewer hits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from server.arrays import BoolArray, Float32Array
from server.deadline import Deadline
from server.errors import DeadlineExceeded, Unavailable
from server.retrieval.filters.tree import Filter

SparseVector = Mapping[int, float]
"""Term id (0 to 2**32 - 2) to weight (finite, above 0)."""

UNKNOWN_STOCK = 2**31 - 1
"""Stored where a product's stock is unknown, so that unknown is never sold out."""


class View(StrEnum):
    """What of a product is compared with the query."""

    TEXT = "text"
    IMAGE = "image"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterColumns:
    """What filters can ask of n products. Strings are case-folded by `filters.fields.fold`.

    ``categories`` holds every path *and its ancestors* (``women``, ``women/bottoms``);
    ``leaf_paths`` the paths as such. ``price`` and ``rating`` are NaN where unknown, ``stock``
    ``UNKNOWN_STOCK``; ``brand`` and ``color`` empty where there is none.
    """

    group_id: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    leaf_paths: tuple[tuple[str, ...], ...]
    brand: tuple[str, ...]
    color: tuple[str, ...]
    price: Sequence[float]
    stock: Sequence[int]
    rating: Sequence[float]
    attributes: tuple[Mapping[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRows:
    """n products as an engine stores them.

    ``text`` and ``image`` are float32 (n, d); a row counts only where ``has_text`` / ``has_image``
    (bool (n,)) is set, and what stands in other rows is ignored. ``lexical`` may be empty for a
    product without words. Ids are unique within the rows (the caller removed repeats).
    """

    ids: tuple[str, ...]
    text: Float32Array
    has_text: BoolArray
    image: Float32Array
    has_image: BoolArray
    lexical: tuple[SparseVector, ...]
    filters: FilterColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewQuery:
    """One view to search: a unit vector float32 (d,) for TEXT and IMAGE, words for LEXICAL."""

    view: View
    vector: Float32Array | None = None
    words: SparseVector = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewHits:
    """What one view found: ids in falling similarity, and float32 (n,) similarities beside them."""

    view: View
    ids: tuple[str, ...]
    similarities: Float32Array


Searched: TypeAlias = ViewHits | Unavailable | DeadlineExceeded
"""What became of one view of several: its hits, or why there are none."""


class VectorIndex(Protocol):
    """One searchable set of products. Any thread may search; one at a time writes.

    Raises (any method):
        InvalidRequest: a vector is unfinite, zero, not unit or of the wrong width; nothing written.
        Unavailable: the engine does not answer.
        DeadlineExceeded: the deadline passed first.
    """

    @property
    def name(self) -> str:
        """The index's name, ``omnishelf_{catalog}_{bundle}_{n}``."""

    @property
    def dimension(self) -> int:
        """Width of its vectors."""

    def upsert(self, rows: IndexRows) -> None:
        """Write rows, replacing those of the same id; searchable and durable on return."""

    def delete(self, ids: Sequence[str]) -> None:
        """Remove ids; those not there are passed over."""

    def search(
        self,
        query: ViewQuery,
        *,
        limit: int,
        filter_tree: Filter | None = None,
        deadline: Deadline,
    ) -> ViewHits:
        """The most similar products of one view that pass the filter. 1 ≤ ``limit`` ≤ 1,000.

        Products without that view's vector are never answered.
        """

    def search_views(
        self,
        queries: Sequence[ViewQuery],
        *,
        limit: int,
        filter_tree: Filter | None = None,
        deadline: Deadline,
    ) -> list[Searched]:
        """What `search` gives or raises for each of some views, each at most once, in order.

        Side by side where the engine can. Raises InvalidRequest alone, and then nothing was asked.
        """

    def ids(self) -> set[str]:
        """Ids of every stored product."""


class VectorEngine(Protocol):
    """Holds indexes by name."""

    def create(self, name: str, *, dimension: int) -> VectorIndex:
        """Make an empty index; AlreadyInUse if the name is taken."""

    def open(self, name: str) -> VectorIndex:
        """An index made before; NotFound if there is none."""

    def drop(self, name: str) -> None:
        """Remove an index; none of that name is no error."""

    def names(self) -> list[str]:
        """Names of all indexes of ours (prefix ``omnishelf_``), sorted."""

    def close(self) -> None:
        """Give back what it holds. Calling it again does nothing."""
