"""Term hashes of products by field, and in how many products each term occurs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ranker.columns import TermField
from server.arrays import Int32Array
from server.signals.ragged import offsets_of

REST: Final = "rest"
"""Words of a product outside its `TermField` fields: counted, but not given to the ranker."""

LISTS: Final = (*TermField, REST)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRows:
    """Terms of n products: per product one list after the other in the order of `LISTS`.

    ``flat`` is int32 (k,), from 0; ``lengths`` int32 (n, len(LISTS)) and adds up to k.
    """

    flat: Int32Array
    lengths: Int32Array

    def __len__(self) -> int:
        return len(self.lengths)


def term_rows(products: Sequence[Mapping[str, Iterable[int]]]) -> TermRows:
    """Pack terms by name of `LISTS`; each list is sorted and holds a term once."""
    lists = [sorted(set(fields.get(each, ()))) for fields in products for each in LISTS]
    return TermRows(
        flat=np.array([term for terms in lists for term in terms], dtype=np.int32),
        lengths=np.array([len(terms) for terms in lists], dtype=np.int32).reshape(-1, len(LISTS)),
    )


def to_blobs(rows: TermRows) -> list[bytes]:
    """One blob a product: its list lengths, then its terms, as little-endian int32."""
    bounds = offsets_of(rows.lengths.sum(axis=1))
    return [
        np.concatenate([rows.lengths[row], rows.flat[bounds[row] : bounds[row + 1]]])
        .astype("<i4")
        .tobytes()
        for row in range(len(rows))
    ]


def from_blobs(blobs: Sequence[bytes]) -> TermRows:
    """Undo `to_blobs`."""
    numbers = np.frombuffer(b"".join(blobs), dtype="<i4").astype(np.int32)
    starts = offsets_of(np.array([len(blob) // 4 for blob in blobs], dtype=np.int64))[:-1]
    heads = starts[:, None] + np.arange(len(LISTS))
    is_term = np.ones(len(numbers), dtype=bool)
    is_term[heads.ravel()] = False
    return TermRows(flat=numbers[is_term], lengths=numbers[heads].reshape(-1, len(LISTS)))


def product_counts(rows: TermRows) -> tuple[Int32Array, Int32Array]:
    """Distinct terms of n products, rising, and in how many of the products each occurs."""
    owners = np.repeat(np.arange(len(rows), dtype=np.int64), rows.lengths.sum(axis=1))
    pairs = (rows.flat.astype(np.int64) << 32) | owners
    pairs.sort()
    first = np.ones(len(pairs), dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
    occurring = (pairs[first] >> 32).astype(np.int32)
    starts = np.flatnonzero(np.diff(occurring, prepend=-1))
    return occurring[starts], np.diff(starts, append=len(occurring)).astype(np.int32)
