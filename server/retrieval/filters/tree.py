"""The typed tree of a filter: what the parser gives and every engine reads.

The tree is checked: fields exist, operators suit them, values have the field's type, strings are
folded. ``Not`` never stands above another node: the parser pushes negation down to the comparisons,
because the embedded engine rejects some negated expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How a field is compared with a value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    HAS = ":"
    HAS_NOT = "!:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``field operator value``; ``attribute`` is the NAME of ``attributes.NAME``, else empty.

    Of a field with several values (category, attributes) ``=`` and ``:`` ask for any value, ``!=``
    and ``!:`` for none. ``category:"a/b"`` holds for the path and everything below it,
    ``category = "a/b"`` for the path itself. A comparison with an unknown price or rating is false,
    negated or not.
    """

    field: str
    operator: Operator
    value: str | float
    attribute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """Every one of two or more holds."""

    terms: tuple[Filter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """At least one of two or more holds."""

    terms: tuple[Filter, ...]


Filter = Comparison | And | Or
