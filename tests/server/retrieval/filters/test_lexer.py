from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.filters.lexer import FilterSyntaxError, TokenKind, tokenize

W, S, C = TokenKind.WORD, TokenKind.STRING, TokenKind.COMPARATOR


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("price<=9", [(W, "price"), (C, "<="), (W, "9")]),
        ("a!=b", [(W, "a"), (C, "!="), (W, "b")]),
        ("WP01-Black", [(W, "WP01-Black")]),
        ("-a", [(TokenKind.MINUS, "-"), (W, "a")]),
        ("3.5", [(W, "3"), (TokenKind.DOT, "."), (W, "5")]),
        ("(a,b)", [("(", "("), (W, "a"), (",", ","), (W, "b"), (")", ")")]),
        ("NOT AND OR", [("NOT", "NOT"), ("AND", "AND"), ("OR", "OR")]),
        ("and ANDY", [(W, "and"), (W, "ANDY")]),
        (r'"a \"b\" \\ c"', [(S, 'a "b" \\ c')]),
        (r"'it\'s'", [(S, "it's")]),
        (r'"\u65b0\n"', [(S, "新\n")]),
        ('"it\'s"', [(S, "it's")]),
        ("新品:是", [(W, "新品"), (C, ":"), (W, "是")]),
    ],
)
def test_tokens(text: str, tokens: list[tuple[str, str]]) -> None:
    *found, end = tokenize(text)
    assert [(token.kind, token.value) for token in found] == tokens
    assert (end.kind, end.start) == (TokenKind.END, len(text))


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('a = "b', 4, "lacks its closing"),
        ("a = 'b\"", 4, "lacks its closing '"),
        (r'a = "\q"', 5, "not an escape"),
        (r'a = "\u12"', 5, "not an escape"),
        (r'a = "\ud800"', 5, "not an escape"),
        ('a = "b\\', 6, "not an escape"),
        ("a == b", 2, "write = once"),
        ("a && b", 2, "write AND"),
        ("a|| b", 1, "write OR"),
        ("! a", 0, "write NOT"),
        ("a = b\\c", 5, "in double quotes"),
    ],
)
def test_errors_say_where_and_what(text: str, position: int, message: str) -> None:
    with pytest.raises(FilterSyntaxError, match=message) as raised:
        tokenize(text)
    assert raised.value.position == position


@given(st.text())
def test_any_text_gives_tokens_that_cover_it_or_a_syntax_error(text: str) -> None:
    try:
        tokens = tokenize(text)
    except FilterSyntaxError:
        return
    position = 0
    for token in tokens:
        assert text[position : token.start].strip() == ""
        position = token.end
    assert position == len(text)
