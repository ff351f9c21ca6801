"""A small shop, and queries that its hashing encoder understands."""

from __future__ import annotations

from typing import Any

from server.ingest.caption import captions
from server.query import (
    PicturePart,
    Query,
    QueryPart,
    RankingMode,
    TextPart,
)
from server.retrieval.filters.tree import Filter
from server.rules.apply import FiredRules
from server.rules.rule import Action, Rule
from server.stages import FallbackUsed
from tests.server.ingest.shop_parts import item, png

TEE: dict[str, Any] = {
    "title": "Nova Tee",
    "category_paths": ("Women/Tees",),
    "color": "red",
    "price": 20.0,
}
PRODUCTS = [
    item("tee-red", picture=png(10), **{**TEE, "group_id": "tee"}),
    item("tee-blue", picture=png(60), **{**TEE, "color": "blue", "group_id": "tee"}),
    item("mug", picture=png(110), title="Tall Mug", category_paths=("Home/Mugs",), price=9.0),
    item("lamp", title="Desk Lamp", category_paths=("Home/Lamps",), price=45.0, stock=0),
]


class Silent:
    """An observer that only remembers fallbacks."""

    def __init__(self) -> None:
        self.fallbacks: list[FallbackUsed] = []

    def stage(self, name: str, seconds: float) -> None:
        """Nothing is measured here."""

    def fallback(self, used: FallbackUsed) -> None:
        self.fallbacks.append(used)


NAME = "catalogs/shop/rules/r"


class Firing:
    """Rules that always fire, and what they were asked."""

    def __init__(self, *actions: Action) -> None:
        self._rules = tuple(
            Rule(name=f"{NAME}{place}", action=action) for place, action in enumerate(actions)
        )
        self.asked: list[tuple[str, str, Filter | None]] = []

    def firing(
        self, catalog: str, *, words: str, filter_tree: Filter | None, now_seconds: float
    ) -> FiredRules | None:
        assert now_seconds > 1.7e9
        self.asked.append((catalog, words, filter_tree))
        return FiredRules(rules=self._rules)


def asked(*parts: QueryPart, **fields: object) -> Query:
    return Query(catalog="shop", parts=parts, **fields)  # type: ignore[arg-type]


def words_of(product_id: str) -> TextPart:
    """The very caption of a product: an encoder that hashes finds nothing else."""
    record = next(each.record for each in PRODUCTS if each.record.id == product_id)
    return TextPart(text=captions(record)[0])


def picture_of(product_id: str) -> PicturePart:
    product = next(each for each in PRODUCTS if each.record.id == product_id)
    assert product.picture is not None
    return PicturePart(data=product.picture, field="query[0].image")


ONLY_LIKENESS = {"mode": RankingMode.RETRIEVAL}
