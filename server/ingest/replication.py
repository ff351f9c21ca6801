"""What other replicas wrote, taken up here: products, signals, counts and replaced catalogs."""

from __future__ import annotations

from collections.abc import Sequence

from server.catalog.catalogs import Catalog, Catalogs
from server.catalog.changes import Change, ChangeKind
from server.catalog.counts import LiveCounts
from server.catalog.following import ChangeFollower
from server.catalog.load import load_products, load_signals, reload_table
from server.catalog.store import Store
from server.errors import FailedPrecondition
from server.ingest.turns import WriteTurns


class Replication:
    """Handlers of a `ChangeFollower`; each takes up the state stored now, so again does no harm.

    The follower has to be made before the catalogs are loaded, and started after: then what is
    written in between is taken up, and nothing is missed.
    """

    def __init__(
        self, *, store: Store, catalogs: Catalogs, turns: WriteTurns, counts: LiveCounts | None
    ) -> None:
        """``turns`` are the writer's: while everything is loaded anew it writes nothing."""
        self._store = store
        self._catalogs = catalogs
        self._turns = turns
        self._counts = counts

    def register(self, follower: ChangeFollower) -> None:
        """Have a follower tell of changes, of builds first: the others are changes within them."""
        follower.on(ChangeKind.CATALOG, self.take_builds, reload=self.reload)
        follower.on(ChangeKind.PRODUCTS, self.take_products, reload=_nothing)
        follower.on(ChangeKind.SIGNALS, self.take_signals, reload=_nothing)
        follower.on(ChangeKind.COUNTS, self.take_counts, reload=_nothing)

    def take_builds(self, changes: Sequence[Change]) -> None:
        """Serve the builds that are served now of catalogs made or replaced elsewhere."""
        for name in _keys_by_catalog(changes):
            self._catalogs.follow(name)

    def take_products(self, changes: Sequence[Change]) -> None:
        """Let tables have products as they are stored now, and drop those that are gone."""
        for name, ids in _keys_by_catalog(changes).items():
            if (catalog := self._open(name)) is not None:
                load_products(
                    catalog.table, catalog.products, ids=ids, dimension=catalog.index.dimension
                )

    def take_signals(self, changes: Sequence[Change]) -> None:
        """Let tables have prices, stock, ratings and sales as they are stored now."""
        for name, ids in _keys_by_catalog(changes).items():
            if (catalog := self._open(name)) is not None:
                load_signals(catalog.table, catalog.products, ids=ids)

    def take_counts(self, changes: Sequence[Change]) -> None:
        """Let tables have what was counted."""
        for name in _keys_by_catalog(changes):
            if self._counts is not None and (catalog := self._open(name)) is not None:
                self._counts.take_up(catalog)

    def reload(self) -> None:
        """Let everything be as it is stored now."""
        for name in self._store.generations.served():
            self._catalogs.follow(name)
            catalog = self._open(name)
            if catalog is None:
                continue
            with self._turns.between_writes():
                reload_table(catalog.table, catalog.products, dimension=catalog.index.dimension)
            if self._counts is not None:
                self._counts.take_up(catalog, all_of_them=True)

    def _open(self, name: str) -> Catalog | None:
        try:
            return self._catalogs.find(name)
        except FailedPrecondition:
            return None  # of a bundle that is not open here; it is loaded whole when it is


def _keys_by_catalog(changes: Sequence[Change]) -> dict[str, list[str]]:
    """What changed of each catalog, each key once, in order."""
    keys: dict[str, dict[str, None]] = {}
    for change in changes:
        keys.setdefault(change.catalog, {})[change.key] = None
    return {catalog: list(each) for catalog, each in keys.items()}


def _nothing() -> None:
    """`Replication.reload`, registered once, is for all kinds."""
