"""Filter text to a checked tree (AIP-160).

    filter      = [expression]
    expression  = sequence {"AND" sequence}
    sequence    = factor {factor}                     beside each other: AND
    factor      = term {"OR" term}                    OR binds tighter than AND
    term        = ["NOT" | "-"] (restriction | "(" expression ")")
    restriction = member comparator value
    member      = word {"." (word | string)}
    value       = string | number | bare word

Source: google.aip.dev/160. Left out, and refused by name: functions, words or strings alone
(searched in any field), comparisons with a list in parentheses, wildcards.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.errors import InvalidRequest, Violation
from server.retrieval.filters.lexer import FilterSyntaxError, Token, TokenKind, tokenize
from server.retrieval.filters.restriction import Restriction, RestrictionError, check_restriction
from server.retrieval.filters.tree import And, Filter, Or

MAX_CHARACTERS = 4_000
MAX_COMPARISONS = 256
MAX_DEPTH = 32

_STARTS_TERM = {
    TokenKind.WORD,
    TokenKind.STRING,
    TokenKind.NOT,
    TokenKind.MINUS,
    TokenKind.OPEN,
}
_OPERATOR_WORDS = {"and", "or", "not"}


def parse_filter(text: str, *, field: str = "filter") -> Filter | None:
    """The tree of a filter, None of an empty one.

    Args:
        text: The filter as the caller wrote it.
        field: The request's field that holds it, for the violations.

    Raises:
        InvalidRequest: one violation a mistake, in reading order; after the first that is not of
            a single comparison (FILTER_SYNTAX, FILTER_TOO_DEEP …) nothing more is read.

    Example:
        >>> parse_filter("price < 20").value
        20.0
        >>> parse_filter("  ") is None
        True
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest(
            [
                Violation(
                    field=field,
                    reason="FILTER_TOO_LONG",
                    description=f"has {len(text):,} characters; at most {MAX_CHARACTERS:,} are"
                    " read: ask for less in one filter",
                )
            ]
        )
    violations: list[Violation] = []
    tree: Filter | None = None
    try:
        parser = _Parser(tokens=tokenize(text), text=text, field=field, violations=violations)
        tree = parser.filter()
    except FilterSyntaxError as error:
        violations.append(_violation(field, "FILTER_SYNTAX", error.position, error.message))
    except _LimitError as error:
        violations.append(_violation(field, error.reason, error.position, error.message))
    if violations:
        raise InvalidRequest(violations)
    return tree


class _LimitError(Exception):
    """The filter is well formed but too large from ``position`` on."""

    def __init__(self, message: str, *, reason: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.position = position


@dataclass(slots=True, kw_only=True)
class _Parser:
    """Recursive descent, one method a rule. ``negated`` carries NOT down to the comparisons."""

    tokens: list[Token]
    text: str
    field: str
    violations: list[Violation]
    index: int = 0
    comparisons: int = 0

    def filter(self) -> Filter | None:
        if self.peek().kind is TokenKind.END:
            return None
        tree = self.expression(negated=False, depth=1)
        if self.peek().kind is not TokenKind.END:
            raise self.expected("AND, OR or another comparison")
        return tree

    def expression(self, *, negated: bool, depth: int) -> Filter | None:
        if depth > MAX_DEPTH:
            raise _LimitError(
                f"more than {MAX_DEPTH} levels of parentheses: write it flatter",
                reason="FILTER_TOO_DEEP",
                position=self.peek().start,
            )
        terms = [self.factor(negated=negated, depth=depth)]
        while True:
            if self.peek().kind is TokenKind.AND:
                self.take()
            elif self.peek().kind not in _STARTS_TERM:
                break
            terms.append(self.factor(negated=negated, depth=depth))
        return _join(terms, conjunction=not negated)

    def factor(self, *, negated: bool, depth: int) -> Filter | None:
        terms = [self.term(negated=negated, depth=depth)]
        while self.peek().kind is TokenKind.OR:
            self.take()
            terms.append(self.term(negated=negated, depth=depth))
        return _join(terms, conjunction=negated)

    def term(self, *, negated: bool, depth: int) -> Filter | None:
        if self.peek().kind in {TokenKind.NOT, TokenKind.MINUS}:
            self.take()
            negated = not negated
        if self.peek().kind is TokenKind.OPEN:
            opening = self.take()
            tree = self.expression(negated=negated, depth=depth + 1)
            if self.peek().kind is not TokenKind.CLOSE:
                raise self.expected(
                    f"the ) of the parenthesis opened at character {opening.start + 1}"
                )
            self.take()
            return tree
        return self.restriction(negated=negated)

    def restriction(self, *, negated: bool) -> Filter | None:
        start = self.peek().start
        path = self.member()
        if self.peek().kind is TokenKind.OPEN:
            raise FilterSyntaxError(
                f"{path[0]}(…) is a function, and filters have none: compare a field with a value",
                position=start,
            )
        if self.peek().kind is not TokenKind.COMPARATOR:
            raise FilterSyntaxError(_bare_word(path[0]), position=start)
        operator = self.take().value
        restriction = Restriction(path=path, operator=operator, value=self.value(), start=start)
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            raise _LimitError(
                f"more than {MAX_COMPARISONS} comparisons: ask for less in one filter",
                reason="FILTER_TOO_LARGE",
                position=start,
            )
        try:
            return check_restriction(restriction, negated=negated)
        except RestrictionError as error:
            self.violations.append(
                _violation(self.field, error.reason, error.position, error.message)
            )
            return None

    def member(self) -> tuple[str, ...]:
        if self.peek().kind not in {TokenKind.WORD, TokenKind.STRING}:
            raise self.expected("a comparison such as price < 50")
        path = [self.take().value]
        while self.peek().kind is TokenKind.DOT:
            self.take()
            # A keyword is a name like another after a dot.
            names = {TokenKind.WORD, TokenKind.STRING, *_KEYWORD_KINDS}
            if self.peek().kind not in names:
                raise self.expected("a name after the dot")
            path.append(self.take().value)
        return tuple(path)

    def value(self) -> Token:
        """A string, or everything up to the next space or sign: ``-3.5``, ``WP01-Black``."""
        if self.peek().kind is TokenKind.STRING:
            return self.take()
        if self.peek().kind is TokenKind.OPEN:
            raise FilterSyntaxError(
                "a list in parentheses is not supported as a value: write color:red OR color:blue",
                position=self.peek().start,
            )
        start = end = self.peek().start
        while self.peek().kind in _VALUE_KINDS and self.peek().start == end:
            end = self.take().end
        if start == end:
            raise self.expected("a value")
        return Token(kind=TokenKind.WORD, value=self.text[start:end], start=start, end=end)

    def peek(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def expected(self, what: str) -> FilterSyntaxError:
        found = self.peek()
        shown = str(found.kind) if found.kind is TokenKind.END else found.value
        return FilterSyntaxError(f"expected {what}, found {shown}", position=found.start)


_KEYWORD_KINDS = frozenset({TokenKind.AND, TokenKind.OR, TokenKind.NOT})
_VALUE_KINDS = _KEYWORD_KINDS | {TokenKind.WORD, TokenKind.MINUS, TokenKind.DOT}


def _join(terms: list[Filter | None], *, conjunction: bool) -> Filter | None:
    """One node over the terms; None if one of them was refused, for then the tree is not used."""
    kept = [term for term in terms if term is not None]
    if len(kept) < len(terms):
        return None
    if len(kept) == 1:
        return kept[0]
    node = And if conjunction else Or
    flat: list[Filter] = []
    for term in kept:
        flat.extend(term.terms if isinstance(term, node) else [term])
    return node(terms=tuple(flat))


def _bare_word(word: str) -> str:
    if word.lower() in _OPERATOR_WORDS:
        return f"write {word.upper()} in capitals"
    return (
        f"{word} stands alone: compare a field with it, such as brand:{word}"
        " (words to search for belong in the query)"
    )


def _violation(field: str, reason: str, position: int, message: str) -> Violation:
    return Violation(
        field=field, reason=reason, description=f"at character {position + 1}: {message}"
    )
