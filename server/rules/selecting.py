"""Which products a filter or a selection holds for, from what memory has of them.

The meaning is that of `server.retrieval.filters.evaluate`, the oracle of every engine, with two
limits: attributes are not in memory (`needs_index`), and numbers are compared as float32.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal, Protocol

import numpy as np

from server.arrays import BoolArray, Float32Array, Int32Array
from server.retrieval.filters.fields import ATTRIBUTES, fold, fold_path, with_ancestors
from server.retrieval.filters.tree import And, Comparison, Filter, Operator, Or
from server.retrieval.protocol import UNKNOWN_STOCK
from server.rules.rule import Selection

NumberField = Literal["price", "stock", "rating"]
TextField = Literal["brand", "color", "group_id"]

_NUMERIC: Final[dict[Operator, Callable[[Float32Array, np.float32], BoolArray]]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_EQUAL: operator.ge,
}
_NEGATIVE: Final = frozenset({Operator.NOT_EQUAL, Operator.HAS_NOT})
_DEEP: Final = frozenset({Operator.HAS, Operator.HAS_NOT})


class ProductValues(Protocol):
    """What rules read of a catalog's products. Rows int32 (n,), none of them -1; any thread."""

    def rows(self, ids: Sequence[str]) -> Int32Array:
        """Rows of product ids, -1 for one that is not in the catalog."""

    def ids(self, rows: Int32Array) -> Sequence[str]:
        """Product ids of n rows."""

    def numbers(self, field: NumberField, rows: Int32Array) -> Float32Array:
        """Float32 (n,), NaN where unknown."""

    def texts(self, field: TextField, rows: Int32Array) -> Sequence[str]:
        """Values as written, n of them, empty where there is none."""

    def paths(self, rows: Int32Array) -> Sequence[Sequence[str]]:
        """Category paths of n rows as written, levels joined by ``/``."""


def selected(selection: Selection, rows: Int32Array, *, values: ProductValues) -> BoolArray:
    """Whether each of n rows is one that the selection is about, bool (n,)."""
    found = np.zeros(len(rows), np.bool_)
    if selection.ids:
        named = (each in selection.ids for each in values.ids(rows))
        found |= np.fromiter(named, np.bool_, len(rows))
    if selection.tree is not None:
        found |= holding(selection.tree, rows, values=values)
    return found


def holding(tree: Filter, rows: Int32Array, *, values: ProductValues) -> BoolArray:
    """Whether the filter holds for each of n rows, bool (n,).

    Raises:
        ValueError: the tree asks for attributes; see `needs_index`.
    """
    if isinstance(tree, Comparison):
        return _compared(tree, rows, values)
    terms = [holding(term, rows, values=values) for term in tree.terms]
    joined = np.logical_and if isinstance(tree, And) else np.logical_or
    result: BoolArray = joined.reduce(terms)
    return result


def needs_index(tree: Filter) -> bool:
    """Whether a filter asks for attributes, which the index has and memory has not."""
    if isinstance(tree, Comparison):
        return tree.field == ATTRIBUTES
    return any(needs_index(term) for term in tree.terms)


def asks_below(tree: Filter | None, paths: Sequence[str]) -> bool:
    """Whether a search's filter asks for one of the folded category paths or for one below it.

    Of terms joined by AND one has to ask, of terms joined by OR each; what is negated asks for
    nothing.

    Example:
        >>> tops = Comparison(field="category", operator=Operator.HAS, value="women/tops")
        >>> cheap = Comparison(field="price", operator=Operator.LESS, value=20.0)
        >>> asks_below(And(terms=(tops, cheap)), ["women"])
        True
        >>> asks_below(Or(terms=(tops, cheap)), ["women"])
        False
    """
    if tree is None:
        return False
    if isinstance(tree, Or):
        return all(asks_below(term, paths) for term in tree.terms)
    if isinstance(tree, And):
        return any(asks_below(term, paths) for term in tree.terms)
    if tree.field != "category" or tree.operator in _NEGATIVE:
        return False
    asked = f"{tree.value}/"
    return any(asked.startswith(f"{path}/") for path in paths)


def _compared(comparison: Comparison, rows: Int32Array, values: ProductValues) -> BoolArray:
    if isinstance(comparison.value, str):
        owns = _owns(comparison, comparison.value, rows, values)
        found = np.fromiter(owns, np.bool_, len(rows))
        return ~found if comparison.operator in _NEGATIVE else found
    numbers = _numbers(comparison.field, rows, values)
    compared = _NUMERIC[comparison.operator](numbers, np.float32(comparison.value))
    return ~np.isnan(numbers) & compared


def _owns(
    comparison: Comparison, value: str, rows: Int32Array, values: ProductValues
) -> Iterable[bool]:
    match comparison.field:
        case "id":
            return (each == value for each in values.ids(rows))
        case "brand" | "color" | "group_id":
            return (_folded(each) == value for each in values.texts(comparison.field, rows))
        case "category":
            levels = _levels if comparison.operator in _DEEP else _itself
            owned = values.paths(rows)
            return (any(value in levels(path) for path in each) for each in owned)
    raise ValueError(f"{comparison.field} is no text that memory has")


def _numbers(field: str, rows: Int32Array, values: ProductValues) -> Float32Array:
    match field:
        case "price" | "rating":
            return values.numbers(field, rows)
        case "stock":
            # As the index keeps it: who sells without counting is taken to have enough.
            return np.nan_to_num(values.numbers(field, rows), nan=float(UNKNOWN_STOCK))
    raise ValueError(f"{field} is no number that memory has")


# A shop writes the same few values again and again, and folding is slow.
_folded = lru_cache(maxsize=65_536)(fold)


@lru_cache(maxsize=65_536)
def _levels(path: str) -> tuple[str, ...]:
    return with_ancestors(fold_path(path))


@lru_cache(maxsize=65_536)
def _itself(path: str) -> tuple[str, ...]:
    return tuple(filter(None, (fold_path(path),)))
