"""The stored products of whichever build of a catalog is served when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from server.catalog.builds import Catalog
from server.leases import Lease, Leased


class ServedRows:
    """Rows of a catalog by its name; each call reads one build, which is not dropped under it."""

    def __init__(self, find: Callable[[], Leased[Catalog]]) -> None:
        """``find`` looks up what is served now, or raises what `Catalogs.get` raises."""
        self._find = find

    def get_many(self, ids: Sequence[str]) -> dict[str, bytes]:
        """As `server.catalog.rows.ProductRows.get_many`."""
        with Lease(self._find) as catalog:
            return catalog.products.get_many(ids)

    def page(self, *, after_id: str, limit: int) -> list[tuple[str, bytes]]:
        """As `server.catalog.rows.ProductRows.page`."""
        with Lease(self._find) as catalog:
            return catalog.products.page(after_id=after_id, limit=limit)
