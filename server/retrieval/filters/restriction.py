"""One written comparison to a checked one: the field exists, the operator and value suit it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.retrieval.filters.fields import (
    ATTRIBUTES,
    KNOWN,
    Field,
    Kind,
    closest_field,
    find_field,
    fold,
    fold_path,
    is_control,
)
from server.retrieval.filters.lexer import Token, TokenKind
from server.retrieval.filters.tree import Comparison, Operator

MAX_VALUE_CHARACTERS = 512
MAX_NUMBER = 1e15

_NEGATED = {
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.LESS: Operator.GREATER_EQUAL,
    Operator.LESS_EQUAL: Operator.GREATER,
    Operator.GREATER: Operator.LESS_EQUAL,
    Operator.GREATER_EQUAL: Operator.LESS,
    Operator.HAS: Operator.HAS_NOT,
    Operator.HAS_NOT: Operator.HAS,
}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """``path operator value`` as written, from character ``start`` (from 0)."""

    path: tuple[str, ...]
    operator: str
    value: Token
    start: int


class RestrictionError(Exception):
    """A comparison that reads well but means nothing; ``position`` counts characters from 0."""

    def __init__(self, message: str, *, reason: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.position = position


def check_restriction(written: Restriction, *, negated: bool) -> Comparison:
    """The comparison that the restriction, or its negation, stands for.

    Raises:
        RestrictionError: FILTER_UNKNOWN_FIELD, FILTER_OPERATOR or FILTER_VALUE.
    """
    field = _field_of(written)
    operator = Operator(written.operator)
    if operator not in field.operators:
        allowed = " ".join(each for each in Operator if each in field.operators)
        raise RestrictionError(
            f"{'.'.join(written.path)} has no order, so {operator} says nothing: use {allowed}",
            reason="FILTER_OPERATOR",
            position=written.start,
        )
    if field.kind is Kind.NUMBER and operator is Operator.HAS:
        operator = Operator.EQUAL
    return Comparison(
        field=field.name,
        operator=_NEGATED[operator] if negated else operator,
        value=_value_of(written.value, kind=field.kind, name=".".join(written.path)),
        attribute=fold(written.path[1]) if field.name == ATTRIBUTES else "",
    )


def _field_of(written: Restriction) -> Field:
    name, *rest = written.path
    field = find_field(name)
    if field is None:
        near = closest_field(name)
        hint = f"did you mean {near}? " if near else ""
        raise _unknown(written, f"there is no field {name}: {hint}the fields are {KNOWN}")
    if field.name == ATTRIBUTES:
        if len(rest) != 1 or not fold(rest[0]):
            raise _unknown(
                written,
                f"{ATTRIBUTES} needs one name after a dot, in quotes if it has dots or spaces,"
                f' such as {ATTRIBUTES}.material or {ATTRIBUTES}."care label"',
            )
    elif rest:
        raise _unknown(written, f"{name} has no parts: the fields are {KNOWN}")
    return field


def _unknown(written: Restriction, message: str) -> RestrictionError:
    return RestrictionError(message, reason="FILTER_UNKNOWN_FIELD", position=written.start)


def _value_of(token: Token, *, kind: Kind, name: str) -> str | float:
    def refused(message: str) -> RestrictionError:
        return RestrictionError(message, reason="FILTER_VALUE", position=token.start)

    if len(token.value) > MAX_VALUE_CHARACTERS:
        raise refused(f"the value has more than {MAX_VALUE_CHARACTERS} characters")
    if kind is Kind.NUMBER:
        if not _NUMBER.fullmatch(token.value.strip()):
            raise refused(f"{name} compares with a number such as 49.99, not {token.value!r}")
        number = float(token.value)
        if abs(number) > MAX_NUMBER:
            raise refused(f"{name} compares with numbers up to {MAX_NUMBER:.0e}")
        return number
    if token.kind is TokenKind.WORD and "*" in token.value:
        raise refused("wildcards are not supported: write the whole value, in quotes if it has a *")
    if kind is Kind.IDENTIFIER:
        text = token.value
        if any(is_control(each) for each in text):
            raise refused(f"{name} has no control characters")
    else:
        text = fold_path(token.value) if kind is Kind.PATH else fold(token.value)
    if not text:
        raise refused(f"{name} compares with something: the value is empty")
    return text
