"""The parts of a product table that its writer changes and its readers hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from server.signals.affinity import AffinityValues
from server.signals.columns import ProductColumns
from server.signals.values import DistinctValues

TEXT: Final = 0
IMAGE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """References to what is appended to in place; replaced as a whole only to drop dead rows.

    ``row_of`` finds a product's row and is changed last, one entry at a time, once everything the
    row points to stands. ``document_counts`` counts products by term; ``lacking`` holds how many
    products have no text and how many no picture vector. ``image_share`` is a in
    F = aI + (1 - a)T.
    """

    columns: ProductColumns
    values: AffinityValues
    groups: DistinctValues
    image_share: float
    row_of: dict[str, int] = field(default_factory=dict)
    document_counts: Counter[int] = field(default_factory=Counter)
    lacking: list[int] = field(default_factory=lambda: [0, 0])
