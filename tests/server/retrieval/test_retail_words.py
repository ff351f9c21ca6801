from __future__ import annotations

from collections import Counter
from importlib import resources

from server.retrieval.retail_words import retail_words


def test_names_of_one_thing_are_one_term() -> None:
    words = retail_words()
    for names in (
        ("t-shirt", "tshirt", "T shirts", "tee", "tees", "tee shirt"),
        ("women's", "woman", "ladies", "女士", "女款", "女"),
        ("men's", "man", "gentlemen", "男士", "男款", "男"),
        ("kids", "child", "children's", "儿童"),
        ("grey", "gray"),
        ("trousers", "pants"),
        ("trainers", "sneakers", "running shoes"),
    ):
        assert len({words.concepts[words.phrase(name)] for name in names}) == 1, names


def test_different_things_are_different_terms() -> None:
    words = retail_words()
    terms = [
        words.concepts[words.phrase(name)] for name in ("women", "men", "kids", "girls", "boys")
    ]
    assert len(set(terms)) == 5


def test_no_name_is_claimed_twice() -> None:
    words = retail_words()
    lines = [line.split("\t") for line in _file_lines() if line.startswith("same\t")]
    claims = Counter(
        phrase
        for _, word, others in lines
        for phrase in {words.phrase(name) for name in [word, *others.split("|")]}
    )
    assert [phrase for phrase, count in claims.items() if count > 1] == []


def test_what_is_kept_is_not_stemmed() -> None:
    words = retail_words()
    assert words.stem("bedding") == "bedding"
    assert words.stem("beds") == "bed"


def test_broader_terms_are_terms_that_products_have() -> None:
    words = retail_words()
    for term, wider in words.broader.items():
        assert term not in wider
        for each in wider:
            assert words.concepts.get(tuple(each.split()), each) == each


def test_silent_words_are_no_names() -> None:
    words = retail_words()
    silent = words.function_words | words.fillers
    assert not [word for word in silent if (words.stem(word),) in words.concepts]


def _file_lines() -> list[str]:
    file = resources.files("server.retrieval").joinpath("retail_words.tsv")
    return file.read_text(encoding="utf-8").splitlines()
