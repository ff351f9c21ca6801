"""Every catalog's rules in memory, ready to say at each search which of them fire."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Protocol

import structlog
from google.protobuf.message import DecodeError
from omnishelf.v1 import rule_service_pb2 as pb

from server.catalog.changes import Change
from server.errors import InvalidRequest
from server.retrieval.filters.tree import Filter
from server.rules.apply import FiredRules
from server.rules.reading import read_rule
from server.rules.rule import Rule
from server.rules.selecting import asks_below
from server.rules.store import StoredRule
from server.rules.words import contains, normalised, tokens


class StoredRules(Protocol):
    """What the book reads: `server.rules.store.RuleStore`, or a fake."""

    def all(self, catalog: str | None = None) -> Sequence[StoredRule]:
        """Every rule of a catalog, or of all, in the order of catalogs and ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A catalog's rules in the order of their names, as places in ``rules``.

    ``of_query`` finds those that name whole queries, ``of_token`` others by the first token of what
    a query must contain; ``always`` are about no words.
    """

    rules: tuple[Rule, ...]
    of_query: Mapping[str, Sequence[int]]
    of_token: Mapping[str, Sequence[int]]
    always: Sequence[int]


_EMPTY: Final = _Page(rules=(), of_query={}, of_token={}, always=())


class RuleBook:
    """Rules by catalog. A search reads one catalog's page, which is replaced as a whole."""

    def __init__(self, store: StoredRules) -> None:
        """Know no rules yet; `reload` reads them."""
        self._store = store
        self._reading = threading.Lock()
        self._pages: Mapping[str, _Page] = {}

    def firing(
        self, catalog: str, *, words: str, filter_tree: Filter | None, now_seconds: float
    ) -> FiredRules | None:
        """The rules that fire in a search, None where none does. Any thread, without a lock.

        Args:
            catalog: Name of the searched catalog.
            words: The words of the query as written, empty without any.
            filter_tree: The search's filter.
            now_seconds: Unix time.
        """
        page = self._pages.get(catalog, _EMPTY)
        if not page.rules:
            return None
        query = normalised(words)
        places = {*page.of_query.get(query, ()), *page.always}
        for token in tokens(query) if page.of_token else ():
            places.update(page.of_token.get(token, ()))
        fired = [
            page.rules[place]
            for place in sorted(places)
            if _fires(page.rules[place], query, filter_tree, now_seconds)
        ]
        return FiredRules(rules=tuple(fired)) if fired else None

    def take_up(self, changes: Sequence[Change]) -> None:
        """Read the catalogs anew whose rules were changed by another replica.

        Raises:
            Unavailable: the store does not answer; the rules known before go on.
        """
        for catalog in dict.fromkeys(change.catalog for change in changes):
            self.refresh(catalog)

    def refresh(self, catalog: str) -> None:
        """Read one catalog's rules anew, as after a write of this process; raises as `take_up`."""
        # Read within the lock: of two readers the later one must not be replaced by the earlier.
        with self._reading:
            self._pages = {**self._pages, catalog: _page(self._store.all(catalog))}

    def reload(self) -> None:
        """Read the rules of all catalogs anew; raises as `take_up`."""
        with self._reading:
            rows = self._store.all()
            self._pages = {
                catalog: _page(found) for catalog, found in groupby(rows, lambda row: row.catalog)
            }


def _fires(rule: Rule, query: str, filter_tree: Filter | None, now_seconds: float) -> bool:
    condition = rule.condition
    return (
        not rule.disabled
        and rule.start_seconds <= now_seconds < rule.end_seconds
        and (not condition.contains or any(contains(query, each) for each in condition.contains))
        and (not condition.categories or asks_below(filter_tree, condition.categories))
    )


def _page(rows: Iterable[StoredRule]) -> _Page:
    rules = tuple(rule for row in rows if (rule := _read(row)) is not None)
    of_query: dict[str, list[int]] = {}
    of_token: dict[str, list[int]] = {}
    always: list[int] = []
    for place, rule in enumerate(rules):
        condition = rule.condition
        if not condition.queries and not condition.contains:
            always.append(place)
        for query in condition.queries:
            of_query.setdefault(query, []).append(place)
        for phrase in () if condition.queries else condition.contains:
            for token in tokens(phrase)[:1]:
                of_token.setdefault(token, []).append(place)
    return _Page(rules=rules, of_query=of_query, of_token=of_token, always=always)


def _read(row: StoredRule) -> Rule | None:
    """The rule, None where this release cannot read it: one bad rule must not stop the others."""
    try:
        return read_rule(pb.Rule.FromString(row.payload))
    except (InvalidRequest, DecodeError):
        structlog.get_logger().warning("rule not read", catalog=row.catalog, rule=row.id)
        return None
