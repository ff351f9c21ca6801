"""A product as every room of the server knows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedText:
    """Title and description in one language."""

    title: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """One product, checked by `server.ingest.validate`.

    ``price`` and ``list_price`` are in units of ``currency`` (ISO 4217); None where unknown, as for
    ``stock``, ``rating``, the units sold and ``create_seconds`` (Unix time). ``group_id`` is never
    empty: it defaults to the id. ``translations`` is keyed by BCP-47 tag.
    """

    id: str
    title: str
    description: str = ""
    translations: Mapping[str, LocalizedText] = field(default_factory=dict)
    category_paths: tuple[str, ...] = ()
    brand: str = ""
    color: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price: float | None = None
    list_price: float | None = None
    currency: str = "USD"
    stock: int | None = None
    rating: float | None = None
    rating_count: int = 0
    units_1_day: int | None = None
    units_7_days: int | None = None
    units_30_days: int | None = None
    group_id: str
    image_uris: tuple[str, ...] = ()
    create_seconds: float | None = None
    update_seconds: float | None = None

    @property
    def deepest_category(self) -> str:
        """The most specific path, see `deepest_path`."""
        return deepest_path(self.category_paths)


def deepest_path(paths: Iterable[str]) -> str:
    """The first of the category paths with the most levels; empty without any.

    Example:
        >>> deepest_path(["Sale", "Women/Tops", "Gear/Bags"])
        'Women/Tops'
    """
    return max(paths, key=lambda path: path.count("/"), default="")
