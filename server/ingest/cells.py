"""One cell of a catalogue file to one typed value, or the reason why not."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from decimal import Decimal

_SHOWN = 60


class CellRefused(Exception):
    """A cell is not what its column holds: a stable reason, and what to write instead."""

    def __init__(self, reason: str, description: str) -> None:
        super().__init__(description)
        self.reason = reason
        self.description = description


def is_empty(cell: object) -> bool:
    """Whether a cell says nothing: null, blank text, or an empty list or object.

    Example:
        >>> [is_empty(cell) for cell in (None, "  ", [], 0, False)]
        [True, True, True, False, False]
    """
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, list | tuple | dict | bytes) and len(cell) == 0)


def text(cell: object) -> str:
    """Text without outer spaces; numbers are written out, and nothing is the empty text.

    Raises:
        CellRefused: ``NOT_TEXT`` for a list, an object, or text that no UTF-8 can hold.
    """
    if is_empty(cell):
        return ""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise CellRefused("NOT_TEXT", f"{_shown(cell)} is not text; write it as one text")
    plain = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    try:
        plain.encode("utf-8")
    except UnicodeEncodeError:
        raise CellRefused("NOT_TEXT", "the text holds half a character; write it anew") from None
    return plain.strip()


def number(cell: object) -> float | None:
    """A finite number, also one written as text; None where there is nothing.

    Raises:
        CellRefused: ``NOT_A_NUMBER``.

    Example:
        >>> number("34.50"), number(""), number(0)
        (34.5, None, 0.0)
    """
    if is_empty(cell):
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise _no_number(cell)
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        raise _no_number(cell) from None
    if not math.isfinite(value):
        raise _no_number(cell)
    return value


def whole(cell: object) -> int | None:
    """A whole number; None where there is nothing.

    Raises:
        CellRefused: ``NOT_A_NUMBER`` or ``NOT_WHOLE``.
    """
    value = number(cell)
    if value is None:
        return None
    if not value.is_integer():
        raise CellRefused("NOT_WHOLE", f"{_shown(cell)} is not whole; write a count like 12")
    return int(value)


def texts(cell: object, *, text_cells: bool) -> tuple[str, ...]:
    """A list of texts, repeats removed; one text is a list of one.

    Where ``text_cells`` is set the list stands in the text, as JSON or split by ``|``.

    Raises:
        CellRefused: ``NOT_TEXT`` where a member is itself a list or an object.

    Example:
        >>> texts("wool|cotton", text_cells=True), texts("wool|cotton", text_cells=False)
        (('wool', 'cotton'), ('wool|cotton',))
    """
    members = _members(cell, text_cells=text_cells)
    return tuple(dict.fromkeys(plain for member in members if (plain := text(member))))


def seconds(cell: object) -> float | None:
    """A moment as Unix time: ISO 8601 (UTC where it names no zone) or a number of seconds.

    Raises:
        CellRefused: ``NOT_A_TIME``.

    Example:
        >>> seconds("1970-01-02")
        86400.0
    """
    if is_empty(cell):
        return None
    try:
        if isinstance(cell, str) and not cell.strip().replace(".", "", 1).isdecimal():
            cell = dt.datetime.fromisoformat(cell.strip())
        if isinstance(cell, dt.datetime):
            zone = cell.tzinfo or dt.UTC
            return cell.replace(tzinfo=zone).timestamp()
        if isinstance(cell, dt.date):
            midnight = dt.time(tzinfo=dt.UTC)
            return dt.datetime.combine(cell, midnight).timestamp()
        return number(cell)
    except (ValueError, OverflowError, CellRefused):
        description = f"{_shown(cell)} is not a time; write 2026-05-31 or 2026-05-31T12:00:00Z"
        raise CellRefused("NOT_A_TIME", description) from None


def objects(cell: object) -> Mapping[str, object]:
    """An object by key, also one written as JSON text; empty where there is nothing.

    Raises:
        CellRefused: ``NOT_AN_OBJECT``.
    """
    if is_empty(cell):
        return {}
    members = _from_json(cell) if isinstance(cell, str) else cell
    if isinstance(members, list) and all(isinstance(pair, tuple) for pair in members):
        members = dict(members)  # a map column of a Parquet file
    if not isinstance(members, dict):
        raise CellRefused("NOT_AN_OBJECT", f"{_shown(cell)} is not an object; write it as JSON")
    return members


def _members(cell: object, *, text_cells: bool) -> list[object]:
    if is_empty(cell):
        return []
    if isinstance(cell, list | tuple):
        return list(cell)
    if text_cells and isinstance(cell, str):
        members = _from_json(cell) if cell.lstrip().startswith("[") else None
        return members if isinstance(members, list) else list(cell.split("|"))
    return [cell]


def _from_json(cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _no_number(cell: object) -> CellRefused:
    return CellRefused("NOT_A_NUMBER", f"{_shown(cell)} is not a number; write it like 34.50")


def _shown(cell: object) -> str:
    shown = ascii(cell)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
