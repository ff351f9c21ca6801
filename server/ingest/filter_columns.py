"""What filters can ask of products, folded as the parser folds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from server.catalog.record import ProductRecord
from server.retrieval.filters.fields import fold, fold_path, with_ancestors
from server.retrieval.protocol import UNKNOWN_STOCK, FilterColumns


def filter_columns(records: Sequence[ProductRecord]) -> FilterColumns:
    """Columns of n records."""
    leaves = [
        tuple(dict.fromkeys(filter(None, map(fold_path, record.category_paths))))
        for record in records
    ]
    return FilterColumns(
        group_id=tuple(fold(record.group_id) for record in records),
        categories=tuple(
            tuple(dict.fromkeys(each for path in paths for each in with_ancestors(path)))
            for paths in leaves
        ),
        leaf_paths=tuple(leaves),
        brand=tuple(fold(record.brand) for record in records),
        color=tuple(fold(record.color) for record in records),
        price=[math.nan if record.price is None else record.price for record in records],
        stock=[UNKNOWN_STOCK if record.stock is None else record.stock for record in records],
        rating=[math.nan if record.rating is None else record.rating for record in records],
        attributes=tuple(
            {
                fold(name): tuple(dict.fromkeys(map(fold, values)))
                for name, values in record.attributes.items()
            }
            for record in records
        ),
    )
