from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.analysis import Analyzer
from server.retrieval.stems import term_hash

LEXICON = {
    "黑色": ("black",),
    "蓝色": ("blue",),
    "长裤": ("pants", "trousers"),
    "T恤": ("t-shirt", "tee"),
    "连帽卫衣": ("hoodie", "hooded sweatshirt"),
    "连帽": ("hooded",),
    "卫衣": ("sweatshirt",),
    "橙汁": ("orange juice", "OJ"),
    "健身器材": ("fitness equipment", "exercise equipment", "gym"),
    "运动鞋": ("sneakers", "athletic shoes"),
}
ANALYZER = Analyzer(LEXICON)


def hashes(*terms: str) -> frozenset[int]:
    return frozenset(map(term_hash, terms))


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", []),
        ("the of", []),
        ("我想买的", []),
        ("red", ["red"]),
        ("Red RED reds", ["red"]),
        ("gray men's t-shirt", ["gray|graymen", "graymen|men", "tee"]),
        ("tank top for women", ["tank", "women"]),
        ("looking for shoes", ["shoe"]),
        # However a compound is written.
        ("sun hat", ["sun|sunhat", "hat|sunhat"]),
        ("sun-hat", ["sun|sunhat", "hat|sunhat"]),
        ("sunhat", ["sunhat"]),
        ("back pack", ["backpack", "backpack|bag"]),
        ("XJ 900", ["xj|xj900", "900|xj900"]),
        ("50 cm", ["50|50cm", "centimet|50cm"]),
        # A kind of something asks for the wider thing as well, in a group of its own.
        ("jeans", ["jean", "jean|pant"]),
        ("navy coat", ["navi|navycoat", "navi|navycoat|blue", "coat|navycoat"]),
        # Chinese: the word or its English names.
        ("黑色的女士长裤", ["黑色|black", "women", "长裤|pant"]),
        ("黑色T恤女款", ["黑色|black", "t恤|tee", "women"]),
        ("橙汁", ["橙汁|orang|oj", "橙汁|juic|oj"]),
        ("健身器材", ["健身器材|workout", "健身器材|equip|workout"]),
        ("运动鞋", ["运动鞋|sneaker", "运动鞋|sneaker|shoe"]),
        ("阿迪黑色", ["阿迪", "黑色|black"]),
        ("Nike黑色T-shirt", ["nike", "黑色|black", "tee"]),
        # Amounts of money are no words.
        ("shoes under $50", ["shoe"]),
        ("50元以下的长裤", ["长裤|pant"]),
        ("shoes size 42", ["shoe|shoessiz", "shoessiz|size|size42", "size42|42"]),
    ],
)
def test_query_groups(text: str, groups: list[str]) -> None:
    assert ANALYZER.query_groups(text) == tuple(hashes(*group.split("|")) for group in groups)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ""),
        ("The Red Shoes", "red shoe"),
        ("Men/Tops/Hoodies & Sweatshirts", "men top hoodi sweatshirt sweatshirt"),
        ("Women's Tee", "women tee"),
        ("sun-hat", "sun hat sunhat"),
        ("500 ml", "500 millilit 500ml"),
        ("500ml", "500 millilit 500ml"),
        ("XJ900", "xj900"),
        ("navy jeans", "navi blue jean pant"),
        ("连帽卫衣", "连帽卫衣 hoodi sweatshirt 连帽 hood 卫衣 sweatshirt"),
        ("女款黑色", "women 黑色 black"),
    ],
)
def test_product_terms(text: str, terms: str) -> None:
    assert ANALYZER.product_terms(text) == [term_hash(term) for term in terms.split()]


@pytest.mark.parametrize(
    ("query", "product"),
    [
        ("hoodie", "Hooded Sweatshirt"),
        ("hooded sweatshirt", "Hero Hoodie"),
        ("t shirt", "Layla Tee"),
        ("tshirts", "T-Shirt"),
        ("trousers", "Pants"),
        ("grey", "Gray"),
        ("ladies", "Women/Tops"),
        ("女款", "Women/Tops"),
        ("男士", "Men/Bottoms"),
        ("kids", "Girls' Dresses"),
        ("kids", "Children's Shoes"),
        ("backpack", "Back Pack"),
        ("rain coat", "Raincoat"),
        ("waterproof", "Water-Proof Jacket"),
        ("wallclock", "Wall-Clock"),
        ("wall clock", "Wallclock"),
        ("500 ml", "Bottle 500ml"),
        ("500ml", "Bottle 500 ml"),
        ("iphone14", "iPhone-14 Case"),
        ("xj-900", "XJ900"),
        ("T恤", "Cotton T-Shirt"),
        ("黑色卫衣", "Black Sweatshirt"),
        ("black hoodie", "黑色连帽卫衣"),
        ("阿迪达斯", "阿迪达斯 运动鞋"),
        ("crimson", "Crimson Scarf"),
        ("extra large", "Size XL"),
    ],
)
def test_a_query_finds_every_word_in_the_product(query: str, product: str) -> None:
    terms = set(ANALYZER.product_terms(product))
    groups = ANALYZER.query_groups(query)
    assert groups
    assert all(group & terms for group in groups)


@pytest.mark.parametrize(
    ("query", "product"),
    [
        ("men", "Women/Tops"),
        ("women", "Men/Tops"),
        ("男士", "Women/Tops"),
        ("box", "Boxing Gloves"),
        ("bed", "Bedding Set"),
        ("jeans", "Linen Pants"),
        ("黑色", "蓝色长裤"),
    ],
)
def test_a_query_does_not_find_itself_where_it_is_not(query: str, product: str) -> None:
    terms = set(ANALYZER.product_terms(product))
    assert not all(group & terms for group in ANALYZER.query_groups(query))


def test_a_lexicon_is_not_needed() -> None:
    analyzer = Analyzer({})
    assert analyzer.query_groups("黑色女款") == (hashes("黑色"), hashes("women"))


@given(st.text())
def test_any_text_gives_terms_that_fit(text: str) -> None:
    for term in ANALYZER.product_terms(text):
        assert 0 <= term < 2**31
    for group in ANALYZER.query_groups(text):
        assert group
        assert all(0 <= term < 2**31 for term in group)
