"""The shipped glossary, row by row."""

from collections import Counter

import pytest

from exporter.glossary import GOODS, Term, read_glossary

TERMS = read_glossary()


def english(chinese: str) -> set[str]:
    return {form for term in TERMS if chinese in term.chinese for form in term.english}


def test_every_row_has_forms_in_both_languages() -> None:
    lacking = [
        term
        for term in TERMS
        if not all(form.strip() == form and form for form in (*term.chinese, *term.english))
    ]
    assert not lacking


def test_english_forms_are_plain_lower_case() -> None:
    odd = [form for term in TERMS for form in term.english if form != form.lower()]
    assert not odd


def test_a_chinese_form_stands_once_in_a_kind() -> None:
    counts = Counter((form, term.kind) for term in TERMS for form in term.chinese)
    assert not [form for form, count in counts.items() if count > 1]


def test_it_covers_the_departments_of_a_store() -> None:
    assert len(TERMS) >= 1500
    assert {term.kind for term in TERMS} >= GOODS


@pytest.mark.parametrize(
    ("chinese", "meaning"),
    [
        ("连帽衫", "hoodie"),
        ("卫衣", "sweatshirt"),
        ("背心", "tank top"),
        ("运动内衣", "sports bra"),
        ("双肩包", "backpack"),
        ("健身器材", "fitness equipment"),
        ("女款", "women's"),
        ("天蓝色", "sky blue"),
        ("牛油果", "avocado"),
        ("充电宝", "power bank"),
    ],
)
def test_a_term_means_what_shops_mean(chinese: str, meaning: str) -> None:
    assert meaning in english(chinese)


def test_a_row_is_read_with_its_usual_forms_first() -> None:
    assert TERMS[0] == Term(chinese=("黑色", "黑"), english=("black",), kind="colour")
