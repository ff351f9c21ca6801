"""Filter text to tokens (the lexical part of AIP-160)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """What a token is, named as a message would."""

    WORD = "a word"
    STRING = "a quoted string"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    MINUS = "-"
    DOT = "."
    COMMA = ","
    OPEN = "("
    CLOSE = ")"
    COMPARATOR = "a comparator"
    END = "the end of the filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of the filter from ``start`` to before ``end``, counted in characters from 0.

    ``value`` is the text meant: without quotes and with escapes resolved.
    """

    kind: TokenKind
    value: str
    start: int
    end: int


class FilterSyntaxError(Exception):
    """The filter cannot be read on from ``position``, counted in characters from 0."""

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


_KEYWORDS = {"AND": TokenKind.AND, "OR": TokenKind.OR, "NOT": TokenKind.NOT}
_SIGNS = {
    "(": TokenKind.OPEN,
    ")": TokenKind.CLOSE,
    ".": TokenKind.DOT,
    ",": TokenKind.COMMA,
    "-": TokenKind.MINUS,
}
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}
_FOREIGN = {
    "==": "write = once",
    "&&": "write AND",
    "||": "write OR",
    "!": "write NOT before the comparison, or != between field and value",
    "\\": 'put values with special characters in double quotes, with \\" for a quote',
}

_SPACE = re.compile(r"\s+")
_COMPARATOR = re.compile(r"<=|>=|!=|=|<|>|:")
_FOREIGN_SIGN = re.compile(r"==|&&|\|\||!(?!=)|\\")
_WORD = re.compile(r"(?:(?!&&|\|\|)[^\s()\"'=<>!:.,\\])+")
_UNICODE_ESCAPE = re.compile(r"[0-9A-Fa-f]{4}")


def tokenize(text: str) -> list[Token]:
    """The tokens of a filter, ended by one of kind END.

    Raises:
        FilterSyntaxError: a quote that is not closed, an unknown escape, a sign of another
            language.

    Example:
        >>> [token.value for token in tokenize('price<=9 AND -color:"dark red"')]
        ['price', '<=', '9', 'AND', '-', 'color', ':', 'dark red', '']
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if space := _SPACE.match(text, position):
            position = space.end()
            continue
        token = _read_token(text, position)
        tokens.append(token)
        position = token.end
    tokens.append(Token(kind=TokenKind.END, value="", start=len(text), end=len(text)))
    return tokens


def _read_token(text: str, start: int) -> Token:
    sign = text[start]
    if sign in "\"'":
        return _read_string(text, start)
    if foreign := _FOREIGN_SIGN.match(text, start):
        raise FilterSyntaxError(
            f"{foreign[0]} is not part of the filter language: {_FOREIGN[foreign[0]]}",
            position=start,
        )
    if comparator := _COMPARATOR.match(text, start):
        return Token(
            kind=TokenKind.COMPARATOR, value=comparator[0], start=start, end=comparator.end()
        )
    if sign in _SIGNS:
        return Token(kind=_SIGNS[sign], value=sign, start=start, end=start + 1)
    word = _WORD.match(text, start)
    if word is None:
        raise FilterSyntaxError(f"{sign!r} has no meaning here: put it in quotes", position=start)
    kind = _KEYWORDS.get(word[0], TokenKind.WORD)
    return Token(kind=kind, value=word[0], start=start, end=word.end())


def _read_string(text: str, start: int) -> Token:
    quote = text[start]
    value: list[str] = []
    position = start + 1
    while position < len(text) and text[position] != quote:
        if text[position] != "\\":
            value.append(text[position])
            position += 1
            continue
        character, position = _read_escape(text, position)
        value.append(character)
    if position >= len(text):
        raise FilterSyntaxError(f"the string opened here lacks its closing {quote}", position=start)
    return Token(kind=TokenKind.STRING, value="".join(value), start=start, end=position + 1)


def _read_escape(text: str, start: int) -> tuple[str, int]:
    letter = text[start + 1 : start + 2]
    if letter in _ESCAPES:
        return _ESCAPES[letter], start + 2
    code = _UNICODE_ESCAPE.match(text, start + 2)
    if letter == "u" and code and not 0xD800 <= int(code[0], 16) <= 0xDFFF:  # noqa: PLR2004 - surrogates
        return chr(int(code[0], 16)), code.end()
    raise FilterSyntaxError(
        f"\\{letter} is not an escape: write \\\\, \\\", \\', \\n, \\r, \\t or \\u with four"
        " hexadecimal digits",
        position=start,
    )
