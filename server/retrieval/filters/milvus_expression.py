"""The filter tree as a Milvus boolean expression; the one place where values are escaped.

Milvus reads a backslash and a double quote after a backslash as themselves everywhere, but its
embedded and its server form disagree on every other escape, and neither reads a line break inside a
string. So only these two are escaped, and control characters are refused (by the parser, and here).

The embedded engine cannot negate an expression (``not (...)`` fails there), only ``not in`` works.
Therefore the tree carries no negation, and an engine says how it stores tags: `TagStorage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from urllib.parse import unquote

from server.retrieval.filters.fields import ATTRIBUTES, is_control
from server.retrieval.filters.tags import comparison_tag
from server.retrieval.filters.tree import And, Comparison, Filter, Operator, Or

UNKNOWN_NUMBER = -1e308
"""Stored where a price or rating is unknown; the server takes neither NaN nor infinity."""

TAGS = "tags"
"""Field that holds a product's tag keys."""

_ENCODED = str.maketrans({each: f"%{ord(each):02X}" for each in "%'\"\\"})
_KNOWN_ABOVE = -1e300
_POSITIVE = frozenset({Operator.EQUAL, Operator.HAS})
_NEGATIVE = frozenset({Operator.NOT_EQUAL, Operator.HAS_NOT})
_NEEDS_KNOWN = frozenset({Operator.NOT_EQUAL, Operator.LESS, Operator.LESS_EQUAL})
_MAY_BE_UNKNOWN = frozenset({"price", "rating"})
_TAGGED = frozenset({"category", ATTRIBUTES})


class TagStorage(Enum):
    """How an engine keeps the set of tag keys."""

    OBJECT = auto()
    """JSON object, key to 1: what the embedded engine writes fast and can negate."""
    ARRAY = auto()
    """Array of VARCHAR: what a server indexes."""


def milvus_expression(tree: Filter, *, tags: TagStorage) -> str:
    """The expression that holds for the products the tree holds for.

    Raises:
        ValueError: a string in the tree has a control character.

    Example:
        >>> price = Comparison(field="price", operator=Operator.GREATER, value=9.5)
        >>> brand = Comparison(field="brand", operator=Operator.EQUAL, value="acme")
        >>> milvus_expression(And(terms=(price, brand)), tags=TagStorage.ARRAY)
        '(price > 9.5 and brand == "acme")'
    """
    if isinstance(tree, Comparison):
        return _comparisons(tree, [tree], tags=tags)
    # Several alternatives for one field are one membership test, which engines answer faster.
    together = _POSITIVE if isinstance(tree, Or) else _NEGATIVE
    groups: dict[tuple[str, Operator], list[Comparison]] = {}
    parts: list[str] = []
    for term in tree.terms:
        if isinstance(term, Comparison) and term.operator in together and _is_text(term):
            groups.setdefault((term.field, term.operator), []).append(term)
        else:
            parts.append(milvus_expression(term, tags=tags))
    parts.extend(_comparisons(group[0], group, tags=tags) for group in groups.values())
    return _joined(parts, "and" if isinstance(tree, And) else "or")


def stored_id(product_id: str) -> str:
    """How a product id stands in Milvus: quotes and backslashes percent-encoded.

    The embedded engine writes ids into statements of its own store, and pymilvus into conditions
    when it reads page by page, both without escaping. What is stored must be safe there as it is.

    Example:
        >>> stored_id("it's 5%"), product_ids(["it%27s 5%25"])
        ('it%27s 5%25', ("it's 5%",))
    """
    return product_id.translate(_ENCODED)


def product_ids(stored: Sequence[str]) -> tuple[str, ...]:
    """The product ids that `stored_id` made these of."""
    # Looking through all of them at once is ten times as fast, and few catalogues have such ids.
    if "%" not in "".join(stored):
        return tuple(stored)
    return tuple(unquote(each) for each in stored)


def one_of_ids(ids: Iterable[str]) -> str:
    """Holds for the products with those ids."""
    return f"id in [{', '.join(quoted(stored_id(each)) for each in ids)}]"


def quoted(text: str) -> str:
    """A string literal of the expression language.

    Raises:
        ValueError: the text has a control character.
    """
    if any(is_control(each) for each in text):
        raise ValueError("control characters cannot stand in a Milvus expression")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_text(comparison: Comparison) -> bool:
    return isinstance(comparison.value, str)


def _comparisons(first: Comparison, group: Sequence[Comparison], *, tags: TagStorage) -> str:
    """One field, one operator: any of the values for ``=`` and ``:``, none of them when negated."""
    if not _is_text(first):
        return _number(first)
    positive = first.operator in _POSITIVE
    if first.field in _TAGGED:
        keys = [comparison_tag(each) for each in group]
        write = _TAG_TESTS[tags, positive]
        return write(keys)
    stored = stored_id if first.field == "id" else str
    values = [quoted(stored(str(each.value))) for each in group]
    if len(values) == 1:
        return f"{first.field} {'==' if positive else '!='} {values[0]}"
    return f"{first.field} {'in' if positive else 'not in'} [{', '.join(values)}]"


def _number(comparison: Comparison) -> str:
    sign = "==" if comparison.operator is Operator.EQUAL else comparison.operator.value
    test = f"{comparison.field} {sign} {float(comparison.value)!r}"
    if comparison.field in _MAY_BE_UNKNOWN and comparison.operator in _NEEDS_KNOWN:
        return f"({comparison.field} > {_KNOWN_ABOVE!r} and {test})"
    return test


def _joined(parts: Sequence[str], word: str) -> str:
    """The parts in balanced parentheses: engines limit how deep an expression may nest."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({_joined(parts[:middle], word)} {word} {_joined(parts[middle:], word)})"


def _object_any(keys: Sequence[str]) -> str:
    return _joined([f'{TAGS}["{key}"] == 1' for key in keys], "or")


def _object_none(keys: Sequence[str]) -> str:
    return _joined([f'{TAGS}["{key}"] not in [1]' for key in keys], "and")


def _array_any(keys: Sequence[str]) -> str:
    listed = ", ".join(f'"{key}"' for key in keys)
    return f"array_contains_any({TAGS}, [{listed}])"


def _array_none(keys: Sequence[str]) -> str:
    return f"(not {_array_any(keys)})"


_TAG_TESTS: dict[tuple[TagStorage, bool], Callable[[Sequence[str]], str]] = {
    (TagStorage.OBJECT, True): _object_any,
    (TagStorage.OBJECT, False): _object_none,
    (TagStorage.ARRAY, True): _array_any,
    (TagStorage.ARRAY, False): _array_none,
}
