from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.signals.price_hint import price_hint


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("shoes under $50", 50.0),
        ("shoes under 50", 50.0),
        ("below 100 backpack", 100.0),
        ("something around 30", 30.0),
        ("less than 19.99", 19.99),
        ("up to 1,200 dollars sofa", 1200.0),
        ("$1,499.50 laptop", 1499.5),
        ("laptop under 2k", 2000.0),
        ("coat 80 usd", 80.0),
        ("a 25 dollar mug", 25.0),
        ("€30 scarf", 30.0),
        ("30€ scarf", 30.0),
        ("50元以下的裙子", 50.0),
        ("裙子 50块", 50.0),
        ("预算200 的耳机", 200.0),
        ("不超过300的背包", 300.0),
        ("100以内的水杯", 100.0),
        ("¥99 水杯", 99.0),
        ("size 42 shoes under 60", 60.0),
        ("iphone 14 case under 15", 15.0),
        ("Under $50.", 50.0),
    ],
)
def test_an_amount_that_is_named_is_found(text: str, amount: float) -> None:
    assert price_hint(text) == pytest.approx(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blue pants",
        "iphone 14",
        "size 42",
        "levis 501 jeans",
        "nike air max 90",
        "50 inch tv",
        "tv under 50 inches",
        "bag under 5 kg",
        "bottle up to 500ml",
        "500ml bottle",
        "3 pack socks",
        "2-in-1 jacket",
        "toys for kids over 3 years",
        "water resistant up to 50m",
        "t-shirt xxl 100% cotton",
        "42码 鞋",
        "身高100厘米以内的儿童自行车",
        "3件套",
        "thunder 50",
        "20 pounds dumbbell",
    ],
)
def test_models_sizes_and_counts_are_no_prices(text: str) -> None:
    assert math.isnan(price_hint(text))


@given(st.text(max_size=80))
def test_any_text_gives_nan_or_a_finite_amount(text: str) -> None:
    found = price_hint(text)
    assert math.isnan(found) or 0 <= found < math.inf
