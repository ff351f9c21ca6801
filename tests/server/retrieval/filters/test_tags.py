from __future__ import annotations

import itertools
import re

from server.retrieval.filters.tags import comparison_tag, product_tags
from server.retrieval.filters.tree import Comparison, Operator


def tag(field: str, operator: Operator, value: str, attribute: str = "") -> str:
    return comparison_tag(
        Comparison(field=field, operator=operator, value=value, attribute=attribute)
    )


def test_a_product_has_the_tags_that_comparisons_ask_for() -> None:
    tags = product_tags(
        categories=("women", "women/tops"),
        leaf_paths=("women/tops",),
        attributes={"material": ("wool", "nylon")},
    )
    assert tags == {
        tag("category", Operator.HAS, "women"),
        tag("category", Operator.HAS_NOT, "women/tops"),
        tag("category", Operator.EQUAL, "women/tops"),
        tag("attributes", Operator.HAS, "wool", "material"),
        tag("attributes", Operator.NOT_EQUAL, "nylon", "material"),
    }


def test_different_questions_have_different_keys() -> None:
    keys = [
        tag("category", Operator.HAS, "a"),
        tag("category", Operator.EQUAL, "a"),
        tag("attributes", Operator.HAS, "a", "a"),
        tag("attributes", Operator.HAS, "ab", "a"),
        tag("attributes", Operator.HAS, "b", "aa"),
        tag("attributes", Operator.HAS, "a", "path"),
    ]
    assert all(one != other for one, other in itertools.combinations(keys, 2))


def test_a_key_needs_no_escaping_whatever_was_written() -> None:
    key = tag("attributes", Operator.HAS, '"] == 1 or price > 0 or tags["', '"\\')
    assert re.fullmatch(r"[a-z2-7]{16}", key)
