"""How rules compare words: plainly, in both languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.words import contains, normalised, tokens


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Running Shoes", "running shoes"),
        ("  running\tshoes\n", "running shoes"),
        ("ＲＵＮＮＩＮＧ　shoes", "running shoes"),
        ("Straße", "strasse"),
        ("运动 鞋", "运动鞋"),
        ("黑色 Nike 鞋", "黑色nike鞋"),
        ("红 t 恤 xl size", "红t恤xl size"),
        ("   ", ""),
    ],
)
def test_normalised(written: str, expected: str) -> None:
    assert normalised(written) == expected


@pytest.mark.parametrize(
    ("query", "phrase", "found"),
    [
        ("red running shoes", "running shoes", True),
        ("red running shoes", "shoes", True),
        ("shoes", "shoes", True),
        ("snowshoes", "shoes", False),
        ("shoestring", "shoes", False),
        ("shoestring shoes", "shoes", True),
        ("running-shoes", "shoes", True),
        ("running red shoes", "running shoes", False),
        ("size 42", "4", False),
        ("黑色运动鞋", "运动鞋", True),
        ("黑色运动鞋", "动鞋", True),
        ("nike运动鞋", "nike", True),
        ("nikee运动鞋", "nike", False),
        ("3件套", "3件", True),
        ("13件套", "3件", False),
        ("", "shoes", False),
        ("c++ books", "c++", True),
    ],
)
def test_contains(query: str, phrase: str, *, found: bool) -> None:
    assert contains(query, phrase) is found


PIECES = st.lists(st.sampled_from(["nike", "Ｎ", "运", "动", " ", "-", "+", "é", "́", "_", "4"]))


@given(before=PIECES, phrase=PIECES, after=PIECES)
def test_who_contains_a_phrase_has_its_first_token(
    before: list[str], phrase: list[str], after: list[str]
) -> None:
    query, part = normalised("".join([*before, *phrase, *after])), normalised("".join(phrase))
    if part and contains(query, part):
        assert tokens(part)[0] in tokens(query)


@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)
