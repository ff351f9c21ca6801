"""The stored products of whichever build of a catalog is served when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from server.catalog.builds import Catalog
from server.catalog.detail import Detail
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

    def shown(self, ids: Sequence[str], *, detail: Detail) -> Mapping[str, bytes]:
        """As `get_many`, cut down to what is shown; no older than the product table's rows."""
        with Lease(self._find) as catalog:
            products = catalog.products
            return products.kept.shown(ids, detail=detail, read=products.get_many)

    def page(self, *, after_id: str, limit: int) -> list[tuple[str, bytes]]:
        """As `server.catalog.rows.ProductRows.page`."""
        with Lease(self._find) as catalog:
            return catalog.products.page(after_id=after_id, limit=limit)
