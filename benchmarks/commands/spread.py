"""Lets a command take values whose fields are its options, so that commands can share them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter
from typing import Any, get_type_hints


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer is to see it: instead of a dataclass, its fields, in their order.

    A field's annotation is an option's as in a signature, and so is its default.

    Raises:
        ValueError: two options have the same name.
    """
    own = inspect.signature(command, eval_str=True)
    values: dict[str, type[Any]] = {
        each.name: each.annotation
        for each in own.parameters.values()
        if isinstance(each.annotation, type) and is_dataclass(each.annotation)
    }

    @wraps(command)
    def called(**given: object) -> None:
        made = {
            name: value(**{field.name: given.pop(field.name) for field in fields(value)})
            for name, value in values.items()
        }
        command(**given, **made)

    seen = [
        option
        for each in own.parameters.values()
        for option in (_options(values[each.name]) if each.name in values else (each,))
    ]
    called.__signature__ = own.replace(parameters=seen)  # type: ignore[attr-defined] # what is read
    return called


def _options(value: type[Any]) -> Iterator[Parameter]:
    annotations = get_type_hints(value, include_extras=True)
    for field in fields(value):
        yield Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is MISSING else field.default,
            annotation=annotations[field.name],
        )
