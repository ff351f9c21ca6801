"""What of a product says something of the taste of who chose it."""

from __future__ import annotations

from dataclasses import dataclass

from server.arrays import Float32Array, Int8Array, Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """n products, in the order of the rows asked for.

    Attributes:
        price: float32 (n,), NaN where unknown.
        brand, category, group: Codes int32 (n,) equal where the values are, -1 for none; category
            is the deepest path.
        vectors: int8 (n, d), as `ranker.columns.CandidateColumns.vectors`; zeros where the product
            has no vector.
    """

    price: Float32Array
    brand: Int32Array
    category: Int32Array
    group: Int32Array
    vectors: Int8Array
