"""The lexicon: what goes in, and that it comes out of its file unchanged."""

from pathlib import Path

import pytest

from exporter.dictionary import Entry
from exporter.glossary import Term
from exporter.lexicon import LEXICON_NAME, make_lexicon, read_lexicon, write_lexicon
from exporter.spec import STARTER_DIRECTORY

TERMS = [
    Term(chinese=("T恤", "短袖"), english=("t-shirt", "Tee"), kind="clothing"),
    Term(chinese=("短袖",), english=("short sleeve",), kind="wear"),
]


def entry(word: str, *glosses: str, traditional: str = "", kind: str = "") -> Entry:
    return Entry(
        traditional=traditional or word,
        simplified=word,
        glosses=glosses,
        verb=kind == "verb",
        proper=kind == "name",
    )


@pytest.mark.parametrize(
    ("added", "terms"),
    [
        (entry("雨靴", "Rain boots", "wellingtons"), ("rain boots", "wellingtons")),
        (entry("雨靴", "one", "two", "three", "four"), ("one", "two", "three")),
        (entry("雨靴", "boots worn in the rain"), None),
        (entry("雨靴", "café"), None),
        (entry("雨靴", "wade", kind="verb"), None),
        (entry("雨靴", "Yuxue", kind="name"), None),
        (entry("雨", "rain"), ("rain",)),
        (entry("雨", "rain", "rainy"), None),
        (entry("一二三四五六七", "numbers"), None),
        (entry("短袖", "brief sleeve"), ("t-shirt", "tee", "short sleeve")),
    ],
)
def test_a_dictionary_word_is_in_when_it_names_or_describes_a_thing(
    added: Entry, terms: tuple[str, ...] | None
) -> None:
    lexicon = make_lexicon([added], TERMS, frequencies={added.simplified: 1e-6})
    assert lexicon.get(added.simplified) == terms


def test_a_character_of_several_entries_is_left_out() -> None:
    words = [entry("的", "of"), entry("的", "really and truly")]
    assert "的" not in make_lexicon(words, TERMS, frequencies={"的": 1e-2})


def test_a_word_as_frequent_as_a_particle_is_left_out() -> None:
    words = [entry("您", "you"), entry("我们", "we"), entry("伞", "umbrella")]
    lexicon = make_lexicon(words, [], frequencies={"您": 1e-3, "我们": 4e-3, "伞": 1e-5})
    assert lexicon == {"伞": ("umbrella",)}


def test_a_word_that_nobody_writes_is_left_out() -> None:
    assert "雨靴" not in make_lexicon([entry("雨靴", "rain boots")], TERMS, frequencies={})


def test_traditional_forms_share_the_terms() -> None:
    words = [entry("裤子", "trousers", traditional="褲子")]
    lexicon = make_lexicon(words, [], frequencies={"裤子": 1e-6})
    assert lexicon == {"裤子": ("trousers",), "褲子": ("trousers",)}


def test_words_and_terms_are_lower_case() -> None:
    assert make_lexicon([], TERMS, frequencies={}) == {
        "t恤": ("t-shirt", "tee"),
        "短袖": ("t-shirt", "tee", "short sleeve"),
    }


def test_a_file_gives_back_the_lexicon_and_the_same_bytes(tmp_path: Path) -> None:
    lexicon = {"裤": ("pants",), "t恤": ("t-shirt", "tee")}
    write_lexicon(tmp_path / "one", lexicon)
    write_lexicon(tmp_path / "two", dict(reversed(lexicon.items())))
    assert read_lexicon(tmp_path / "one") == lexicon
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_shipped_lexicon_knows_what_shops_sell() -> None:
    path = STARTER_DIRECTORY / LEXICON_NAME
    lexicon = read_lexicon(path)
    assert path.stat().st_size <= 1_000_000
    assert lexicon["连帽衫"][0] == lexicon["連帽衫"][0] == "hoodie"
    assert lexicon["女士"] == ("women's",)
    assert list(lexicon) == sorted(lexicon)
