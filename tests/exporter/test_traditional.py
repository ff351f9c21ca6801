"""Traditional forms of simplified tokens."""

from exporter.dictionary import Entry
from exporter.traditional import traditional_forms


def entry(traditional: str, simplified: str) -> Entry:
    return Entry(
        traditional=traditional, simplified=simplified, glosses=("x",), verb=False, proper=False
    )


ENTRIES = [
    entry("頭髮", "头发"),
    entry("髮夾", "发夹"),
    entry("發", "发"),
    entry("發達", "发达"),
    entry("發現", "发现"),
    entry("褲子", "裤子"),
]


def test_dictionary_words_keep_their_own_spelling() -> None:
    assert traditional_forms(ENTRIES, ["裤子"]) == {"褲子": "裤子"}


def test_characters_follow_the_words_they_occur_in() -> None:
    assert traditional_forms(ENTRIES, ["发"]) == {"發": "发", "髮": "发"}


def test_a_word_outside_the_dictionary_is_spelt_by_the_longest_words_in_it() -> None:
    # 发夹 is a dictionary word, so its 发 is 髮 although 發 is the commoner one.
    assert traditional_forms(ENTRIES, ["女发夹"]) == {"女髮夾": "女发夹"}


def test_forms_that_are_tokens_already_are_left_out() -> None:
    assert traditional_forms(ENTRIES, ["裤子", "褲子", "t恤"]) == {}
