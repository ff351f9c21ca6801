"""What the table takes of a product: any record with these fields will do."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Final, Protocol, TypeAlias

Kind: TypeAlias = "tuple[str, str, tuple[str, ...]]"
"""Brand, colour and category paths: what is embedded of a product beside its text and picture."""


class ProductFacts(Protocol):
    """The fields of a product that the ranker sees, as in `server.catalog.record.ProductRecord`.

    Prices are in the catalogue's currency, ``create_seconds`` is Unix time, None is unknown.
    """

    @property
    def id(self) -> str:
        """Product id, unique in the catalog."""

    @property
    def group_id(self) -> str:
        """What the variants of one product share; never empty."""

    @property
    def category_paths(self) -> tuple[str, ...]:
        """Paths from the root, levels joined by ``/``."""

    @property
    def deepest_category(self) -> str:
        """The most specific of the paths; empty without any."""

    @property
    def brand(self) -> str:
        """Brand; empty without one."""

    @property
    def color(self) -> str:
        """Main colour; empty without one."""

    @property
    def price(self) -> float | None:
        """Price now."""

    @property
    def list_price(self) -> float | None:
        """Price before a discount; None where there is no discount."""

    @property
    def stock(self) -> int | None:
        """Units that can be sold."""

    @property
    def rating(self) -> float | None:
        """Mean rating, 1 to 5."""

    @property
    def rating_count(self) -> int:
        """How many ratings the mean is of."""

    @property
    def units_1_day(self) -> int | None:
        """Units sold in the last day."""

    @property
    def units_7_days(self) -> int | None:
        """Units sold in the last 7 days."""

    @property
    def units_30_days(self) -> int | None:
        """Units sold in the last 30 days."""

    @property
    def create_seconds(self) -> float | None:
        """When the shop first offered it."""


kind_of: Final[Callable[[ProductFacts], Kind]] = attrgetter("brand", "color", "category_paths")
"""The kind of a product; many share one."""
