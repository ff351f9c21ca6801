"""Generated shopping phrases: what they say in both languages."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.glossary import GOODS, Term, read_glossary
from exporter.towers.chinese_phrases import Phrase, make_phrases

TERMS = read_glossary()
BLUE = Term(chinese=("蓝色",), english=("blue",), kind="colour")
WOMEN = Term(chinese=("女士",), english=("women's",), kind="department")
RUNNING = Term(chinese=("跑步",), english=("running",), kind="occasion")
PANTS = Term(chinese=("长裤",), english=("pants",), kind="clothing")
PHRASE = Phrase(thing=PANTS, describing=(BLUE, WOMEN, RUNNING), english="blue women's pants")


def forms(phrase: Phrase, count: int) -> set[str]:
    generator = random.Random(0)
    return {phrase.chinese(generator) for _ in range(count)}


WRITTEN = forms(PHRASE, 20_000)


@pytest.mark.parametrize(
    "text",
    [
        "适合跑步的蓝色女士长裤",
        "适合跑步的蓝色的女士长裤",
        "跑步 女士 蓝色 长裤",
        "跑步蓝色长裤女士",
        "我想买跑步用的女士蓝色长裤",
    ],
)
def test_one_wish_is_written_as_shoppers_write_it(text: str) -> None:
    assert text in WRITTEN


def test_some_text_is_mixed_with_english() -> None:
    assert any("pants" in text for text in WRITTEN)


@given(st.integers(0, 2**32), st.sampled_from(make_phrases(TERMS, 300, seed=5)))
def test_every_meaning_is_in_the_chinese(seed: int, phrase: Phrase) -> None:
    text = phrase.chinese(random.Random(seed))
    for term in (phrase.thing, *phrase.describing):
        # A form that ends in 的 or meets another may be shared; one of its forms must stand there.
        assert any(form in text for form in (*term.chinese, term.english[0])), (term, text)


@pytest.mark.parametrize("phrase", make_phrases(TERMS, 200, seed=8))
def test_every_meaning_is_in_the_english_in_english_order(phrase: Phrase) -> None:
    for term in (phrase.thing, *phrase.describing):
        assert any(form in phrase.english for form in term.english)
    colours = [term for term in phrase.describing if term.kind == "colour"]
    departments = [term for term in phrase.describing if term.kind == "department"]
    for colour in colours:
        for department in departments:
            words = f" {phrase.english} "
            colour_at = min(words.find(f" {form} ") % 999 for form in colour.english)
            department_at = min(words.find(f" {form} ") % 999 for form in department.english)
            assert colour_at < department_at


def test_the_same_seed_gives_the_same_phrases() -> None:
    first, again = make_phrases(TERMS, 50, seed=1), make_phrases(TERMS, 50, seed=1)
    assert first == again
    assert first != make_phrases(TERMS, 50, seed=2)


def test_every_kind_of_goods_is_spoken_of() -> None:
    spoken = {phrase.thing.kind for phrase in make_phrases(TERMS, 3000, seed=1)}
    assert spoken == GOODS
