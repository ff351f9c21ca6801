from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.filters.fields import (
    closest_field,
    find_field,
    fold,
    fold_path,
    is_control,
    with_ancestors,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Women", "women"),
        ("  dark \t\n red ", "dark red"),
        ("ＢＬＵＥ", "blue"),
        ("Straße", "strasse"),
        ("a\x00b", "a b"),
        ("\x1f", ""),
        ("黑色　T恤", "黑色 t恤"),
        ("ﬁt", "fit"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_control_character_is_a_space() -> None:
    controls = [each for each in map(chr, range(sys.maxunicode + 1)) if is_control(each)]
    assert len(controls) == 65
    assert fold("a".join(controls)) == " ".join("a" * 64)


@pytest.mark.parametrize(
    ("path", "folded"),
    [("Women/Tops", "women/tops"), ("/ Women //Tops/ ", "women/tops"), ("/", ""), ("", "")],
)
def test_fold_path(path: str, folded: str) -> None:
    assert fold_path(path) == folded


def test_ancestors_come_from_the_root_down() -> None:
    assert with_ancestors("a/b/c") == ("a", "a/b", "a/b/c")
    assert with_ancestors("") == ()


@pytest.mark.parametrize(
    ("name", "near"),
    [("prise", "price"), ("colours", "colour"), ("Brand", "brand"), ("xyzzy", None)],
)
def test_closest_field(name: str, near: str | None) -> None:
    assert closest_field(name) == near


def test_other_spelling_is_the_same_field() -> None:
    assert find_field("colour") == find_field("color")
    assert find_field("size") is None
