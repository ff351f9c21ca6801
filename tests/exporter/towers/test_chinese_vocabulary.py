"""How Chinese text is cut into tokens, and which tokens share a row."""

import pytest

from exporter.dictionary import Entry
from exporter.glossary import Term
from exporter.towers.chinese_vocabulary import (
    Vocabulary,
    build_tokenizer,
    choose_vocabulary,
)


def entry(traditional: str, simplified: str, *, proper: bool = False) -> Entry:
    return Entry(
        traditional=traditional, simplified=simplified, glosses=("x",), verb=False, proper=proper
    )


ENTRIES = [
    entry("藍色", "蓝色"),
    entry("褲子", "裤子"),
    entry("長褲", "长裤"),
    entry("的", "的"),
    entry("女士", "女士"),
    entry("跑步", "跑步"),
    entry("北京", "北京", proper=True),
    entry("稀罕", "稀罕"),
]
FREQUENCIES = {"蓝色": 1e-5, "裤子": 1e-5, "的": 5e-2, "女士": 1e-5, "跑步": 1e-6, "北京": 1e-4}
TERMS = [
    Term(chinese=("长裤",), english=("pants",), kind="clothing"),
    Term(chinese=("T恤",), english=("t-shirt",), kind="clothing"),
    Term(chinese=("手机壳",), english=("phone case",), kind="electronics"),
]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return choose_vocabulary(ENTRIES, FREQUENCIES, terms=TERMS, latin=["Nike", "xx1", "iphone"])


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("蓝色的女士长裤", ["蓝色", "的", "女士", "长裤"]),
        ("藍色的女士長褲", ["藍色", "的", "女士", "長褲"]),
        ("蓝色，女士 长裤!", ["蓝色", "女士", "长裤"]),
        ("Ｔ恤", ["t恤"]),
        ("IPHONE手机壳", ["iphone", "手", "机", "壳"]),
        ("xx1", ["x", "x", "1"]),
        ("北京", ["北", "京"]),
        ("稀罕", ["稀", "罕"]),
        ("   ", []),
    ],
)
def test_text_is_cut_into_the_words_it_knows(
    vocabulary: Vocabulary, text: str, tokens: list[str]
) -> None:
    tokenizer = build_tokenizer(vocabulary)
    if "手机壳" in text:
        tokens = [*tokens[:1], "手机壳"]
    assert tokenizer.encode(text).tokens == ["[CLS]", *tokens]


def test_an_unknown_character_is_one_unknown_token(vocabulary: Vocabulary) -> None:
    encoding = build_tokenizer(vocabulary).encode("蓝色😀女士")
    assert encoding.ids[2] == vocabulary.tokens.index("[UNK]")
    assert len(encoding.ids) == 4


def test_padding_unknown_and_start_come_first(vocabulary: Vocabulary) -> None:
    assert vocabulary.tokens[:3] == ("[PAD]", "[UNK]", "[CLS]")


def test_traditional_tokens_share_the_rows_of_simplified_ones(vocabulary: Vocabulary) -> None:
    rows = dict(zip(vocabulary.tokens, vocabulary.rows, strict=True))
    assert rows["長褲"] == rows["长裤"]
    assert rows["藍"] == rows["蓝"]
    assert vocabulary.table_rows < len(vocabulary.tokens)
    assert sorted(set(vocabulary.rows)) == list(range(vocabulary.table_rows))


def test_the_same_sources_give_the_same_vocabulary(vocabulary: Vocabulary) -> None:
    again = choose_vocabulary(
        list(ENTRIES), dict(reversed(FREQUENCIES.items())), terms=TERMS, latin=["Nike", "iphone"]
    )
    assert again == vocabulary
