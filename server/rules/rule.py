"""Rules as values: what a rule is about, and what it does there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from server.retrieval.filters.tree import Filter


class StockPolicy(StrEnum):
    """What becomes of products that are sold out."""

    KEEP = "keep"
    LAST = "last"
    HIDE = "hide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """In which searches a rule fires: those that meet every part that is not empty.

    ``queries`` and ``contains`` are normalised by `server.rules.words.normalised`, ``categories``
    folded by `server.retrieval.filters.fields.fold_path`.
    """

    queries: frozenset[str] = frozenset()
    contains: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Products named in ``ids``, and those that the filter ``tree`` holds for."""

    ids: frozenset[str] = frozenset()
    tree: Filter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Puts products at places from ``position`` (from 1) on, in their order."""

    products: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """Adds ``strength`` (-1 to 1, not 0) times the span of the scores."""

    selection: Selection
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bury:
    """Moves products behind all others."""

    selection: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    """Leaves products out."""

    selection: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfStock:
    """Says what becomes of products that are sold out."""

    policy: StockPolicy


Action = Pin | Boost | Bury | Exclude | OutOfStock


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule by its resource name.

    It fires from ``start_seconds`` to before ``end_seconds`` (Unix time).
    """

    name: str
    action: Action
    condition: Condition = field(default_factory=Condition)
    start_seconds: float = -math.inf
    end_seconds: float = math.inf
    disabled: bool = False
