"""Which words of a query each product carries, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import Int32Array, TermColumn

_SIEVE_BITS = np.int32(4095)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordMatches:
    """What f fields of n products carry of g query words.

    Attributes:
        carried: bool (f, n, g), whether the field carries any term of the word.
        hits: int32 (f, n), how many of the field's own terms some query word asks for.
        lengths: int32 (f, n), how many terms the field has.
    """

    carried: npt.NDArray[np.bool_]
    hits: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]


def match_words(groups: Sequence[Int32Array], columns: Sequence[TermColumn]) -> WordMatches:
    """Match query words (groups of term hashes) with f term columns of n products each.

    Nearly all terms of products are no query term: a sieve over their low bits drops those before
    the exact comparison, which is what keeps hundreds of products with dozens of terms cheap.

    >>> offsets = np.array([0, 2, 3], np.int32)
    >>> title = TermColumn(terms=np.array([5, 6, 9], np.int32), offsets=offsets)
    >>> matches = match_words([np.array([6, 7], np.int32), np.array([8], np.int32)], [title])
    >>> matches.carried.tolist(), matches.hits.tolist(), matches.lengths.tolist()
    ([[[True, False], [False, False]]], [[1, 0]], [[2, 1]])
    """
    terms = np.concatenate([column.terms for column in columns])
    offsets = np.array([column.offsets for column in columns])
    lengths = offsets[:, 1:] - offsets[:, :-1]
    fields, rows = lengths.shape
    asked, group_of = _sorted_terms(groups)
    places, first, last = _hits(terms, asked)
    owners = lengths.cumsum().searchsorted(places, side="right")
    carried = np.zeros(fields * rows * len(groups), dtype=np.bool_)
    cells = owners * len(groups)
    carried[cells + group_of[first]] = True
    # A term that several query words share stands once for each of them.
    again = first + 1 < last
    while again.any():
        cells, first, last = cells[again], first[again] + 1, last[again]
        carried[cells + group_of[first]] = True
        again = first + 1 < last
    hits = np.bincount(owners, minlength=fields * rows)
    return WordMatches(
        carried=carried.reshape(fields, rows, len(groups)),
        hits=hits.astype(np.int32).reshape(fields, rows),
        lengths=lengths,
    )


def _sorted_terms(groups: Sequence[Int32Array]) -> tuple[Int32Array, npt.NDArray[np.intp]]:
    """All asked terms in order, and the group of each."""
    if not groups:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.intp)
    terms = np.concatenate(groups)
    group_of = np.array(
        [number for number, group in enumerate(groups) for _ in range(len(group))], dtype=np.intp
    )
    order = terms.argsort(kind="stable")
    return terms[order], group_of[order]


def _hits(terms: Int32Array, asked: Int32Array) -> tuple[npt.NDArray[np.intp], ...]:
    """Places of asked terms in ``terms``, and the stretch of ``asked`` that each equals."""
    sieve = np.zeros(int(_SIEVE_BITS) + 1, dtype=np.bool_)
    sieve[asked & _SIEVE_BITS] = True
    places = np.flatnonzero(sieve.take(terms & _SIEVE_BITS))
    maybe = terms[places]
    first = asked.searchsorted(maybe, side="left")
    last = asked.searchsorted(maybe, side="right")
    exact = first < last
    return places[exact], first[exact], last[exact]
