from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.tokens import is_unit, pieces, tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" - ! ", []),
        ("Red shoes", ["red", "shoes"]),
        ("women's", ["women"]),
        ("WOMEN’S", ["women"]),
        ("boys' o'neill l'oréal", ["boys", "oneill", "loreal"]),
        ("café crème", ["cafe", "creme"]),
        ("T-Shirt", ["t", "+shirt"]),
        ("t - shirt", ["t", "shirt"]),
        ("state-of-the-art", ["state", "+of", "+the", "+art"]),
        ("XJ-900", ["xj", "+900"]),
        ("XJ900", ["xj900"]),
        ("2.5 1,000", ["2.5", "1,000"]),
        ("500ml", ["500", "+ml"]),
        ("500 ml", ["500", "ml"]),
        ("4K 2XL", ["4k", "2xl"]),
        ("100% cotton/wool", ["100", "cotton", "wool"]),
        ("LumaTech™", ["lumatechtm"]),
        ("ＡＢＣ", ["abc"]),
        ("黑色 鞋", ["汉黑色", "汉鞋"]),
        ("黑色T恤xl", ["汉黑色t恤xl"]),
        ("T-恤", ["t", "汉+恤"]),
        ("юбка", ["юбка"]),
        ("a_b", ["a", "b"]),
        ("😀 shoe", ["shoe"]),
    ],
)
def test_tokens(text: str, words: list[str]) -> None:
    """A plus stands before what is glued, 汉 before what is Chinese."""
    found = ["汉" * token.chinese + "+" * token.glued + token.text for token in tokenize(text)]
    assert found == words


@given(st.text())
def test_tokens_are_folded_words(text: str) -> None:
    for token in tokenize(text):
        assert token.text
        assert " " not in token.text
        assert "'" not in token.text


@pytest.mark.parametrize(
    ("run", "cut"),
    [("黑色t恤", ["黑", "色", "t", "恤"]), ("abc12", ["abc12"]), ("", [])],
)
def test_pieces(run: str, cut: list[str]) -> None:
    assert pieces(run) == cut


def test_units() -> None:
    assert is_unit("ml")
    assert not is_unit("xl")
