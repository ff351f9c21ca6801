"""One sentence for every way in which an order can come about."""

import pytest

from server.comparison import summary
from server.explanation import ExplainedProduct
from server.hits import FiredRule

RULE = "catalogs/shop/rules/r"


def _product(product_id: str, position: int, score: float, *, action: str = "") -> ExplainedProduct:
    rule = FiredRule(name=RULE, action=action) if action else None
    return ExplainedProduct(
        product_id=product_id, position=position, score=score, contributions={}, placed_by=rule
    )


@pytest.mark.parametrize(
    ("one", "other", "gained", "said"),
    [
        (
            _product("a", 1, 1.0),
            _product("b", 2, 0.47),
            {"price": 0.41, "similarity": 0.22, "popularity": -0.1},
            (
                "a stands above b mainly for price (+0.41) and similarity (+0.22), in spite of"
                " popularity (-0.10)."
            ),
        ),
        (
            _product("b", 2, 0.5),
            _product("a", 1, 1.0),
            {"price": -0.5},
            "b stands below a for price (-0.50).",
        ),
        (
            _product("a", 1, 0.5),
            _product("b", 2, 0.499),
            {"price": 0.001},
            "a stands above b by a hair (0.5 against 0.499).",
        ),
        (
            _product("a", 1, 0.5),
            _product("b", 2, 0.5),
            {},
            "a stands above b at an equal score (0.5 against 0.5): the order of retrieval decides.",
        ),
        (
            _product("a", 2, 0.25),
            _product("b", 3, 0.5),
            {"price": -0.25},
            (
                "a stands above b for variety or a limit, although its score is lower"
                " (0.25 against 0.5)."
            ),
        ),
        (
            _product("a", 3, 0.5),
            _product("b", 2, 0.25),
            {"price": 0.25},
            (
                "a stands below b for variety or a limit, although its score is higher"
                " (0.5 against 0.25)."
            ),
        ),
        (
            _product("a", 1, 0.1, action="pin"),
            _product("b", 2, 0.5),
            {"price": -0.4},
            f"a stands above b whatever the scores: {RULE} pins a to place 1.",
        ),
        (
            _product("a", 2, 0.9),
            _product("b", 9, 1.5, action="bury"),
            {"price": -0.6},
            f"a stands above b whatever the scores: {RULE} puts b behind all others.",
        ),
        (
            _product("a", 8, 0.9, action="out_of_stock"),
            _product("b", 1, 1.5),
            {"price": -0.6},
            (
                f"a stands below b whatever the scores: {RULE} puts a, which is sold out, behind"
                " all others."
            ),
        ),
        (
            _product("a", 0, 0.9, action="exclude"),
            _product("b", 1, 1.5),
            {"price": -0.6},
            f"a is left out: {RULE} leaves it out.",
        ),
        (
            _product("a", 0, 0.9, action="out_of_stock"),
            None,
            {},
            f"a is left out: {RULE} leaves out a, which is sold out.",
        ),
        (
            _product("a", 0, 0.9),
            _product("b", 1, 1.5),
            {},
            (
                "a is left out: as many variants of the same product as may be answered stand"
                " before it."
            ),
        ),
        (
            _product("a", 4, 0.9),
            _product("b", 0, 1.5, action="exclude"),
            {},
            f"a stands at place 4, and b is left out: {RULE} leaves it out.",
        ),
        (_product("a", 1, 0.9), None, {}, "a is the only candidate."),
    ],
)
def test_what_is_said(
    one: ExplainedProduct, other: ExplainedProduct | None, gained: dict[str, float], said: str
) -> None:
    assert summary(one, other, gained) == said
