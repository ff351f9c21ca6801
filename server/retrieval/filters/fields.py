"""The fields a filter may ask about, what each compares with, and how strings are folded."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from server.retrieval.filters.tree import Operator


class Kind(Enum):
    """What a field holds."""

    IDENTIFIER = auto()
    """One string, compared exactly as written."""
    TEXT = auto()
    """One string or several, compared folded."""
    PATH = auto()
    """Category paths, compared folded level by level."""
    NUMBER = auto()
    """A number that may be unknown."""


MATCHING = frozenset({Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS})
"""Operators of fields without an order."""

ORDERING = MATCHING | {
    Operator.LESS,
    Operator.LESS_EQUAL,
    Operator.GREATER,
    Operator.GREATER_EQUAL,
}
"""Operators of numbers, for which ``:`` is ``=``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its name in the tree, what it holds and the operators a caller may write."""

    name: str
    kind: Kind
    operators: frozenset[Operator]


ATTRIBUTES = "attributes"

_FIELDS = (
    Field(name="id", kind=Kind.IDENTIFIER, operators=MATCHING),
    Field(name="group_id", kind=Kind.TEXT, operators=MATCHING),
    Field(name="category", kind=Kind.PATH, operators=MATCHING),
    Field(name="brand", kind=Kind.TEXT, operators=MATCHING),
    Field(name="color", kind=Kind.TEXT, operators=MATCHING),
    Field(name="price", kind=Kind.NUMBER, operators=ORDERING),
    Field(name="stock", kind=Kind.NUMBER, operators=ORDERING),
    Field(name="rating", kind=Kind.NUMBER, operators=ORDERING),
    Field(name=ATTRIBUTES, kind=Kind.TEXT, operators=MATCHING),
)

FIELDS = {each.name: each for each in _FIELDS}
"""Every field by name; ``attributes`` needs a NAME beside it."""

ALIASES = {"colour": "color"}
"""Other spellings a caller may use."""

KNOWN = ", ".join([*(name for name in FIELDS if name != ATTRIBUTES), f"{ATTRIBUTES}.NAME"])
"""The fields as a message lists them."""


def find_field(name: str) -> Field | None:
    """The field of that name or alias, None if there is none."""
    return FIELDS.get(ALIASES.get(name, name))


def closest_field(name: str) -> str | None:
    """The known name that a caller who wrote ``name`` most likely meant, if any is near.

    Example:
        >>> closest_field("prise")
        'price'
        >>> closest_field("zzz") is None
        True
    """
    near = difflib.get_close_matches(name.lower(), [*FIELDS, *ALIASES], n=1)
    return near[0] if near else None


def fold(text: str) -> str:
    """A string as filters compare it: compatibility forms and case folded, spaces collapsed.

    Folding what is folded changes nothing. Control characters count as spaces.

    Example:
        >>> fold("  Ｂｌａｃｋ   ROSE ")
        'black rose'
    """
    previous, folded = None, text
    while folded != previous:
        previous, folded = folded, unicodedata.normalize("NFKC", folded).casefold()
    return " ".join(folded.translate(_SPACES).split())


def fold_path(path: str) -> str:
    """A category path folded level by level, without empty levels.

    Example:
        >>> fold_path("/Women / Tops//Tees/")
        'women/tops/tees'
    """
    levels = (fold(level) for level in fold(path).split("/"))
    return "/".join(level for level in levels if level)


def with_ancestors(path: str) -> tuple[str, ...]:
    """A folded path's ancestors and itself, the root first; none of an empty path.

    Example:
        >>> with_ancestors("women/tops")
        ('women', 'women/tops')
    """
    levels = path.split("/") if path else []
    return tuple("/".join(levels[: depth + 1]) for depth in range(len(levels)))


def is_control(character: str) -> bool:
    """Whether a character is one of Unicode's control characters (line breaks are)."""
    return unicodedata.category(character) == "Cc"


# Unicode has 65 of them, all before the no-break space, and promises never to have another.
_SPACES = dict.fromkeys((code for code in range(0xA0) if is_control(chr(code))), " ")
