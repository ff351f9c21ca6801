"""Says in one English sentence why one product stands above or below another."""

from __future__ import annotations

from collections.abc import Mapping

from ranker.explain import reasons
from server.explanation import ExplainedProduct
from server.hits import FiredRule


def summary(
    one: ExplainedProduct, other: ExplainedProduct | None, gained: Mapping[str, float]
) -> str:
    """The sentence; ``gained`` is by family what ``one`` gains over ``other``.

    Scores are named as the reason only where they are: not where a rule fixed a place, nor where
    variety or a limit turned the order of the scores round.
    """
    if one.position == 0:
        return f"{one.product_id} is left out: {_cause_of_absence(one)}."
    if other is None:
        return f"{one.product_id} is the only candidate."
    if other.position == 0:
        place = f"{one.product_id} stands at place {one.position}"
        return f"{place}, and {other.product_id} is left out: {_cause_of_absence(other)}."
    side = "above" if one.position < other.position else "below"
    return f"{one.product_id} stands {side} {other.product_id} {_cause(one, other, gained)}."


def _cause(one: ExplainedProduct, other: ExplainedProduct, gained: Mapping[str, float]) -> str:
    """What put two products that both have places in their order."""
    for placed in (one, other):
        if placed.placed_by is not None:
            return f"whatever the scores: {_done(placed, placed.placed_by)}"
    scores = f"{one.score:.4g} against {other.score:.4g}"
    if one.score == other.score:
        return f"at an equal score ({scores}): the order of retrieval decides"
    if (one.score > other.score) is (one.position < other.position):
        return reasons(gained) or f"by a hair ({scores})"
    than = "lower" if one.score < other.score else "higher"
    return f"for variety or a limit, although its score is {than} ({scores})"


def _cause_of_absence(product: ExplainedProduct) -> str:
    if product.placed_by is not None:
        return _done(product, product.placed_by)
    return "as many variants of the same product as may be answered stand before it"


def _done(product: ExplainedProduct, rule: FiredRule) -> str:
    what = {
        "pin": f"pins {product.product_id} to place {product.position}",
        "exclude": "leaves it out",
    }.get(rule.action)
    if what is None:
        sold_out = ", which is sold out," if rule.action == "out_of_stock" else ""
        if product.position:
            what = f"puts {product.product_id}{sold_out} behind all others"
        else:
            what = f"leaves out {product.product_id}{sold_out}".rstrip(",")
    return f"{rule.name} {what}"
