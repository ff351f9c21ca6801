"""The rules that fire in a search, and the products they pin, among its candidates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np

from server.arrays import Int32Array
from server.errors import OmnishelfError
from server.leased import Leased
from server.query import Query
from server.retrieval.filters.tree import Comparison, Filter, Operator, Or
from server.retrieval.protocol import View, ViewHits
from server.rules.apply import FiredRules
from server.rules.table_values import TableValues

Matches = Callable[[Sequence[str], Filter], Collection[str]]
"""Which of some product ids a filter holds for."""


class RuleSource(Protocol):
    """The rules of the catalogs: `server.rules.book.RuleBook`, or a fake."""

    def firing(
        self, catalog: str, *, words: str, filter_tree: Filter | None, now_seconds: float
    ) -> FiredRules | None:
        """The rules that fire in a search, None where none does; may raise OmnishelfError."""


class NoRules:
    """`RuleSource` without a rule: the ranker has the last word."""

    def firing(
        self, catalog: str, *, words: str, filter_tree: Filter | None, now_seconds: float
    ) -> None:
        """None."""
        del catalog, words, filter_tree, now_seconds


def fired(
    rules: RuleSource, query: Query, leased: Leased, *, words: str, now_seconds: float
) -> FiredRules | None:
    """The rules that fire; a failure is noted as a fallback, not raised."""
    try:
        return rules.firing(
            query.catalog, words=words, filter_tree=query.filter_tree, now_seconds=now_seconds
        )
    except OmnishelfError as error:
        leased.clock.fall_back("rank", used="no_rules", reason=error.reason)
        return None


def with_pinned(
    hits: Sequence[ViewHits],
    query: Query,
    leased: Leased,
    *,
    rules: FiredRules,
    matches: Matches,
) -> list[ViewHits]:
    """What the views found, and the pinned products that none found and the filter lets in.

    Their likeness is unknown (NaN) here. Where the filter cannot be asked they are left out, and
    the fallback is noted.
    """
    try:
        outside = rules.outsiders(
            {each for found in hits for each in found.ids},
            values=TableValues(leased.reader.state),
            filter_tree=query.filter_tree,
            matches=matches,
        )
    except OmnishelfError as error:
        leased.clock.fall_back("retrieve", used="without_pinned", reason=error.reason)
        outside = ()
    if not outside:
        return list(hits)
    unknown = np.full(len(outside), np.nan, np.float32)
    return [*hits, ViewHits(view=View.TEXT, ids=outside, similarities=unknown)]


def cut(
    order: Int32Array, ids: Sequence[str], *, limit: int, rules: FiredRules | None
) -> Int32Array:
    """The first ``limit`` of an order of candidates, and those further down that rules pin."""
    first, further = order[:limit], order[limit:]
    if rules is None or not rules.pinned or not len(further):
        return first
    pinned = set(rules.pinned)
    kept = [place for place in further.tolist() if ids[place] in pinned]
    return np.concatenate((first, np.array(kept, np.int32)))


def one_of(ids: Sequence[str]) -> Filter:
    """The filter that holds for some products by id, at least one."""
    named = tuple(Comparison(field="id", operator=Operator.EQUAL, value=each) for each in ids)
    return named[0] if len(named) == 1 else Or(terms=named)
