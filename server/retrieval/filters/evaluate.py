"""The filter tree over columns: the plain meaning of a filter, and the oracle of every engine."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np

from server.arrays import BoolArray
from server.retrieval.filters.fields import ATTRIBUTES
from server.retrieval.filters.tree import And, Comparison, Filter, Operator, Or
from server.retrieval.protocol import FilterColumns

_NUMERIC: dict[Operator, Callable[[float, float], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_EQUAL: operator.ge,
}
_NEGATIVE = frozenset({Operator.NOT_EQUAL, Operator.HAS_NOT})
_DEEP = frozenset({Operator.HAS, Operator.HAS_NOT})


def evaluate(tree: Filter, *, ids: Sequence[str], columns: FilterColumns) -> BoolArray:
    """Whether the filter holds, bool (n,), for the n products of ``ids`` and ``columns``."""
    return np.fromiter(
        (_holds(tree, ids, columns, row) for row in range(len(ids))), dtype=np.bool_, count=len(ids)
    )


def _holds(tree: Filter, ids: Sequence[str], columns: FilterColumns, row: int) -> bool:
    if isinstance(tree, And):
        return all(_holds(term, ids, columns, row) for term in tree.terms)
    if isinstance(tree, Or):
        return any(_holds(term, ids, columns, row) for term in tree.terms)
    if isinstance(tree.value, str):
        found = tree.value in _texts(tree, ids, columns, row)
        return not found if tree.operator in _NEGATIVE else found
    number = float(_numbers(tree, columns)[row])
    return not np.isnan(number) and _NUMERIC[tree.operator](number, tree.value)


def _texts(
    comparison: Comparison, ids: Sequence[str], columns: FilterColumns, row: int
) -> Sequence[str]:
    match comparison.field:
        case "id":
            return (ids[row],)
        case "group_id":
            return (columns.group_id[row],)
        case "brand":
            return (columns.brand[row],)
        case "color":
            return (columns.color[row],)
        case "category":
            deep = comparison.operator in _DEEP
            return columns.categories[row] if deep else columns.leaf_paths[row]
        case name if name == ATTRIBUTES:
            return columns.attributes[row].get(comparison.attribute, ())
    raise ValueError(f"no text field {comparison.field}")


def _numbers(comparison: Comparison, columns: FilterColumns) -> Sequence[float]:
    match comparison.field:
        case "price":
            return columns.price
        case "stock":
            return columns.stock
        case "rating":
            return columns.rating
    raise ValueError(f"no number field {comparison.field}")
