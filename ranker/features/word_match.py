"""Which words of a query each product carries, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array, Int32Array, TermColumn

_NO_TERMS = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordMatches:
    """What f fields of n products carry of g query words.

    Attributes:
        carried: float32 (f, n, g), 1 where the field carries any term of the word, else 0.
        known: float32 (g,), 1 where any field of any product carries any term of the word.
        hits: Whole numbers (f, n), how many of the field's own terms some query word asks for.
        lengths: int32 (f, n), how many terms the field has.
    """

    carried: Float32Array
    known: Float32Array
    hits: npt.NDArray[np.intp]
    lengths: npt.NDArray[np.int32]


def match_words(groups: Sequence[Int32Array], columns: Sequence[TermColumn]) -> WordMatches:
    """Match query words (groups of term hashes) with f term columns of n products each.

    Every asked term is compared with every term of the products: a handful against some thousand
    neighbours in memory is one pass, cheaper than looking up anything that would spare it.

    >>> offsets = np.array([0, 2, 3], np.int32)
    >>> title = TermColumn(terms=np.array([5, 6, 9], np.int32), offsets=offsets)
    >>> matches = match_words([np.array([6, 7], np.int32), np.array([8], np.int32)], [title])
    >>> matches.carried.tolist(), matches.hits.tolist(), matches.lengths.tolist()
    ([[[1.0, 0.0], [0.0, 0.0]]], [[1, 0]], [[2, 1]])
    """
    terms = np.concatenate([column.terms for column in columns])
    offsets = np.concatenate([column.offsets for column in columns]).reshape(len(columns), -1)
    lengths = offsets[:, 1:] - offsets[:, :-1]
    words, cells = len(groups), lengths.size
    asked = np.concatenate((_NO_TERMS, *groups))
    word_of = np.array(
        [word for word, group in enumerate(groups) for _ in range(len(group))], dtype=np.intp
    )
    number, places = np.divmod(np.flatnonzero(asked[:, None] == terms), max(len(terms), 1))
    owners = lengths.cumsum().searchsorted(places, side="right")
    found = word_of.take(number)
    carried = np.zeros(cells * words, dtype=np.float32)
    carried[owners * words + found] = 1
    known = np.zeros(words, dtype=np.float32)
    known[found] = 1
    if len(set(asked.tolist())) < len(asked):
        # A term that several query words share was found once for each of them.
        owners = owners.take(np.unique(places, return_index=True)[1])
    return WordMatches(
        carried=carried.reshape(*lengths.shape, words),
        known=known,
        hits=np.bincount(owners, minlength=cells).reshape(lengths.shape),
        lengths=lengths,
    )
