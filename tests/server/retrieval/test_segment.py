from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.segment import Segmenter

SEGMENTER = Segmenter(
    dictionary={
        "黑色",
        "黑",
        "的",
        "女士",
        "长裤",
        "裤",
        "运动",
        "运动鞋",
        "鞋",
        "t恤",
        "研究",
        "研究生",
    }
    | {"生命", "起源", "李"}
)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("", []),
        ("黑色的女士长裤", ["黑色", "的", "女士", "长裤"]),
        ("运动鞋", ["运动鞋"]),
        ("黑色t恤", ["黑色", "t恤"]),
        ("黑xl鞋", ["黑", "xl", "鞋"]),
        # Fewer single characters: not 研究生 命 起源.
        ("研究生命起源", ["研究", "生命", "起源"]),
        # What no dictionary knows stands as pairs.
        ("阿迪", ["阿迪"]),
        ("阿迪达", ["阿迪", "迪达"]),
        ("阿", ["阿"]),
        ("阿迪运动鞋王", ["阿迪", "运动鞋", "王"]),
        ("李宁", ["李", "宁"]),
    ],
)
def test_words(run: str, words: list[str]) -> None:
    assert SEGMENTER.words(run) == words


def test_inner_words() -> None:
    segmenter = Segmenter(dictionary={"连帽", "卫衣", "连帽卫衣", "衣"})
    assert segmenter.inner_words("连帽卫衣") == ["连帽", "卫衣"]
    assert segmenter.inner_words("卫衣") == []


@given(st.text(alphabet="黑色的女士长裤运动鞋阿迪李ab1", max_size=30))
def test_every_character_is_in_some_word(run: str) -> None:
    words = SEGMENTER.words(run)
    assert set("".join(words)) == set(run)
    assert all(word in run for word in words)
