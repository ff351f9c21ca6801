"""Signals of candidates taken as other than they are, before anything is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ranker.columns import CandidateColumns
from server.query import SignalChange


def with_changes(
    columns: CandidateColumns, ids: Sequence[str], changes: Sequence[SignalChange]
) -> CandidateColumns:
    """The columns of the candidates ``ids`` (n,) with the changes made, one after the other.

    A change of a product that is no candidate does nothing. An unknown price stays unknown. The
    list price stays, so a lower price is a larger discount; what is relative to the other
    candidates is computed anew by whoever takes the columns. The given ones are left as they are.
    """
    if not changes:
        return columns
    price, stock = columns.price.copy(), columns.stock.copy()
    place_of = {product: place for place, product in enumerate(ids)}
    for change in changes:
        places: slice | int = slice(None)
        if change.product_id is not None:
            found = place_of.get(change.product_id)
            if found is None:
                continue
            places = found
        if change.price_factor is not None:
            price[places] *= np.float32(change.price_factor)
        if change.stock is not None:
            stock[places] = change.stock
    return replace(columns, price=price, stock=stock)
