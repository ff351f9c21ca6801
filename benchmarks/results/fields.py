"""Turns JSON values into the dataclasses of a result, and names the field that does not fit."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

Made = TypeVar("Made")


class FieldError(ValueError):
    """A field that does not fit: ``path`` as `systems[0].rounds[2].seconds`, and what is wrong."""

    def __init__(self, path: str, wrong: str) -> None:
        super().__init__(f"{path}: {wrong}")
        self.path = path
        self.wrong = wrong


def plain(value: object, path: str = "") -> object:
    """``value`` as JSON has it: dataclasses and mappings as dicts, sequences as lists.

    Raises:
        FieldError: a number that is not finite, or a thing that JSON has no word for.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: plain(getattr(value, each.name), _inside(path, each.name))
            for each in fields(value)
        }
    if isinstance(value, Mapping):
        return {_key(key, path): plain(each, _inside(path, key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, f"{path}[{place}]") for place, each in enumerate(value)]
    return _leaf(value, path)


def made(wanted: type[Made], value: object, path: str = "") -> Made:
    """The dataclass ``wanted`` from a dict that holds exactly its fields.

    Raises:
        FieldError: a field is missing, unknown, of another type, or a number that is not finite.
    """
    given = _mapping(value, path)
    hints = _hints(cast("Hashable", wanted))
    for name in hints:
        if name not in given:
            raise FieldError(_inside(path, name), "is missing")
    for name in given:
        if name not in hints:
            raise FieldError(_inside(path, name), "is not known to this release")
    return wanted(
        **{name: _read(hint, given[name], _inside(path, name)) for name, hint in hints.items()}
    )


@cache
def _hints(wanted: Hashable) -> dict[str, Any]:
    if not isinstance(wanted, type) or not is_dataclass(wanted):
        raise TypeError(f"{wanted!r} is no dataclass")
    hints = get_type_hints(wanted)
    return {each.name: hints[each.name] for each in fields(wanted)}


def _read(hint: Any, value: object, path: str) -> object:  # noqa: ANN401 - a type as typing has it
    if get_origin(hint) is UnionType:
        wanted = next(each for each in get_args(hint) if each is not NoneType)
        return None if value is None else _read(wanted, value, path)
    if hint is object:
        return plain(value, path)
    if isinstance(hint, type) and is_dataclass(hint):
        return made(hint, value, path)
    return _read_many(hint, value, path) if get_args(hint) else _single(hint, value, path)


def _read_many(hint: Any, value: object, path: str) -> object:  # noqa: ANN401 - the same
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise FieldError(path, f"is {_called(value)}, not a list")
        wanted = get_args(hint)[0]
        return tuple(_read(wanted, each, f"{path}[{at}]") for at, each in enumerate(value))
    wanted = get_args(hint)[1]
    return {
        name: _read(wanted, each, _inside(path, name))
        for name, each in _mapping(value, path).items()
    }


def _single(hint: type, value: object, path: str) -> object:
    fits = isinstance(value, (int, float) if hint is float else hint)
    if not fits or (isinstance(value, bool) and hint is not bool):
        raise FieldError(path, f"is {_called(value)}, not {_WORDS[hint]}")
    return _leaf(float(value) if hint is float and isinstance(value, int) else value, path)


def _leaf(value: object, path: str) -> object:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise FieldError(path, f"is {value}, not a finite number")
        return float(value)
    if value is None or isinstance(value, str | int):
        return value
    raise FieldError(path, f"is of type {type(value).__name__}, which JSON does not have")


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise FieldError(path or "the whole", f"is {_called(value)}, not an object")
    return value


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise FieldError(path, f"has the key {key!r}, which is no text")
    return key


def _inside(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _called(value: object) -> str:
    return next(
        (word for kind, word in _WORDS.items() if isinstance(value, kind)), type(value).__name__
    )


_WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}
