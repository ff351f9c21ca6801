"""Searches steered by rules: what is left out, moved and pinned, and that it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from server.deadline import Deadline
from server.errors import Unavailable
from server.hits import FiredRule
from server.query import Query
from server.retrieval.filters.parser import parse_filter
from server.retrieval.filters.tree import Filter
from server.rules.apply import FiredRules
from server.rules.rule import (
    Action,
    Boost,
    Bury,
    Exclude,
    OutOfStock,
    Pin,
    Selection,
    StockPolicy,
)
from server.stages import FallbackUsed
from tests.server.pipeline.conftest import Make, Rooms
from tests.server.pipeline.parts import NAME, ONLY_LIKENESS, Firing, asked, words_of


class Failing:
    """Rules that cannot be asked."""

    def firing(
        self, catalog: str, *, words: str, filter_tree: Filter | None, now_seconds: float
    ) -> FiredRules | None:
        raise Unavailable("away", reason="RULES_AWAY")


def _of(*ids: str) -> Selection:
    return Selection(ids=frozenset(ids))


def _ids(make: Make, query: Query) -> list[str]:
    return [hit.product_id for hit in make().search(query, deadline=Deadline.never()).hits]


QUERY = asked(words_of("mug"), **ONLY_LIKENESS)


def test_rules_are_asked_of_what_was_searched(make: Make, rooms: Rooms) -> None:
    firing = rooms.rules = Firing(Exclude(selection=_of("mug")))
    tree = parse_filter('category:"Home"')
    assert _ids(make, replace(QUERY, filter_tree=tree)) == ["lamp"]
    ((catalog, words, filter_tree),) = firing.asked
    assert (catalog, words, filter_tree) == ("shop", words_of("mug").text, tree)


@pytest.mark.parametrize(
    ("action", "places"),
    [
        (Exclude(selection=_of("mug")), {"mug": None}),
        (Bury(selection=_of("mug")), {"mug": 3}),
        (Pin(products=("lamp",), position=1), {"lamp": 0, "mug": 1}),
        (Pin(products=("lamp", "tee-red"), position=2), {"mug": 0, "lamp": 1, "tee-red": 2}),
        (OutOfStock(policy=StockPolicy.HIDE), {"lamp": None}),
        (OutOfStock(policy=StockPolicy.LAST), {"lamp": 3}),
        (Boost(selection=_of("mug"), strength=-1.0), {}),
    ],
)
def test_what_rules_do_to_the_order(
    make: Make, rooms: Rooms, action: Action, places: dict[str, int | None]
) -> None:
    plain = _ids(make, QUERY)
    assert plain[0] == "mug"
    rooms.rules = Firing(action)
    steered = _ids(make, QUERY)
    for product, place in places.items():
        assert product not in steered if place is None else steered[place] == product
    rest = [each for each in plain if each not in places]
    if not isinstance(action, Boost):
        assert [each for each in steered if each not in places] == rest


def test_a_boost_is_part_of_the_score_and_of_the_explanation(make: Make, rooms: Rooms) -> None:
    query = replace(QUERY, explain=True)
    plain = {hit.product_id: hit for hit in make().search(query, deadline=Deadline.never()).hits}
    span = max(hit.score for hit in plain.values()) - min(hit.score for hit in plain.values())
    rooms.rules = Firing(Boost(selection=_of("lamp"), strength=0.5), Bury(selection=_of("mug")))
    result = make().search(query, deadline=Deadline.never())
    for hit in result.hits:
        added = span * 0.5 if hit.product_id == "lamp" else 0.0
        assert hit.contributions["rules"] == pytest.approx(added, abs=1e-5)
        assert hit.score == pytest.approx(plain[hit.product_id].score + added, abs=1e-5)
        assert sum(hit.contributions.values()) == pytest.approx(hit.score, abs=1e-4)
    told = {hit.product_id: hit.rules for hit in result.hits if hit.rules}
    assert told == {
        "lamp": (FiredRule(name=f"{NAME}0", action="boost"),),
        "mug": (FiredRule(name=f"{NAME}1", action="bury"),),
    }
    assert "rules" in result.stage_seconds


def test_a_pinned_product_that_retrieval_did_not_find_comes_in(make: Make, rooms: Rooms) -> None:
    rooms.rules = Firing(Pin(products=("lamp", "ghost"), position=1))
    few = replace(QUERY, candidates=1)
    result = make().search(few, deadline=Deadline.never())
    first = result.hits[0]
    assert first.product_id == "lamp"
    assert np.isfinite(first.text_similarity)
    assert np.isnan(first.lexical_score)
    assert not result.fallbacks


@pytest.mark.parametrize(
    ("text", "lets_in"),
    [('category:"Home"', True), ("stock > 0", False), ('color = "red"', False)],
)
def test_pins_respect_the_filter(make: Make, rooms: Rooms, text: str, *, lets_in: bool) -> None:
    rooms.rules = Firing(Pin(products=("lamp",), position=1))
    found = _ids(make, replace(QUERY, candidates=1, filter_tree=parse_filter(text)))
    assert ("lamp" in found) is lets_in


@pytest.mark.parametrize(
    ("text", "lets_in"),
    [('attributes.size = "s" OR category:"Home"', True), ('attributes.size = "s"', False)],
)
def test_where_memory_cannot_say_the_index_is_asked(
    make: Make, rooms: Rooms, text: str, *, lets_in: bool
) -> None:
    rooms.rules = Firing(Pin(products=("lamp",), position=1))
    found = _ids(make, replace(QUERY, candidates=1, filter_tree=parse_filter(text)))
    assert ("lamp" in found) is lets_in


def test_rules_that_cannot_be_asked_cost_nothing_but_themselves(make: Make, rooms: Rooms) -> None:
    plain = _ids(make, QUERY)
    rooms.rules = Failing()
    result = make().search(QUERY, deadline=Deadline.never())
    assert [hit.product_id for hit in result.hits] == plain
    assert result.fallbacks == (FallbackUsed(stage="rank", used="no_rules", reason="RULES_AWAY"),)


def test_collapse_and_pins_together(make: Make, rooms: Rooms) -> None:
    rooms.rules = Firing(Pin(products=("tee-blue",), position=1))
    query = replace(QUERY, collapse_limit=1)
    found = _ids(make, query)
    assert found[0] == "tee-blue"
    assert "tee-red" not in found


def test_training_sees_no_rules(make: Make, rooms: Rooms) -> None:
    rooms.rules = Firing(Exclude(selection=_of("mug")), Pin(products=("lamp",), position=1))
    considered = make().consider(QUERY, deadline=Deadline.never())
    assert considered.rules is None
    assert "mug" in considered.ids


def test_caps_let_one_category_in_once(make: Make) -> None:
    query = replace(asked(words_of("tee-red"), **ONLY_LIKENESS), category_limit=1)
    found = _ids(make, query)
    plain = _ids(make, replace(query, category_limit=None))
    tees = [place for place, each in enumerate(found) if each.startswith("tee")]
    assert sorted(plain) == sorted(found)
    assert tees == [0, 3]
