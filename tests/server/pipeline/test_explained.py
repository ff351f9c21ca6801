"""Explanations over the real rooms: they add up, agree with the search, and try changes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ranker.baseline import Rules
from server.deadline import Deadline
from server.errors import DeadlineExceeded, FailedPrecondition, NotFound
from server.explanation import AskedExplanation, Explanation
from server.hits import FiredRule
from server.query import Query, RankingMode, SignalChange
from server.rules.rule import Boost, Exclude, Pin, Selection
from tests.server.pipeline.conftest import Parts, Rooms
from tests.server.pipeline.parts import NAME, Firing, asked, words_of
from tests.server.pipeline.test_fallbacks import Broken

MakeParts = Callable[..., Parts]
QUERY = asked(words_of("mug"), mode=RankingMode.RULES)


def _explain(
    parts: Parts, product_id: str, *, query: Query = QUERY, **asked_fields: object
) -> Explanation:
    asked_for = AskedExplanation(product_id=product_id, **asked_fields)  # type: ignore[arg-type]
    return parts.explainer.explain(query, asked_for, deadline=Deadline.never())


@pytest.mark.parametrize("mode", [RankingMode.RULES, RankingMode.RETRIEVAL, RankingMode.MODEL])
def test_positions_scores_and_contributions_are_those_of_the_search(
    make_parts: MakeParts, mode: RankingMode
) -> None:
    parts = make_parts(variety=0.0)
    query = replace(QUERY, mode=mode)
    result = parts.pipeline.search(query, deadline=Deadline.never())
    for position, hit in enumerate(result.hits, 1):
        explanation = _explain(parts, hit.product_id, query=query)
        product = explanation.product
        assert (product.product_id, product.position) == (hit.product_id, position)
        assert product.score == pytest.approx(hit.score)
        assert sum(product.contributions.values()) == pytest.approx(hit.score, abs=1e-4)
        assert {"bias", "rules"} <= set(product.contributions)
        assert explanation.ranker == result.ranker
        assert explanation.other is not None
        assert explanation.other.position == (position - 1 if position > 1 else 2)
        assert sum(explanation.differences.values()) == pytest.approx(
            product.score - explanation.other.score, abs=1e-4
        )


def test_features_are_named_with_their_values(make_parts: MakeParts) -> None:
    product = _explain(make_parts(), "mug").product
    assert {each.name for each in product.features} == {
        "likeness", "sales", "cheapness", "in_stock",
    }  # fmt: skip
    likeness = next(each for each in product.features if each.name == "likeness")
    assert (likeness.value, likeness.contribution) == (1.0, 1.0)


def test_the_other_may_be_named_and_the_sentence_says_why(make_parts: MakeParts) -> None:
    explanation = _explain(make_parts(), "mug", other_id="lamp")
    assert explanation.other is not None
    assert explanation.other.product_id == "lamp"
    assert explanation.summary.startswith("mug stands above lamp mainly for similarity (+")
    assert next(iter(explanation.differences)) == "similarity"


def test_usual_trials_are_a_lower_price_and_being_in_stock(make_parts: MakeParts) -> None:
    parts = make_parts()
    lamp = _explain(parts, "lamp")
    assert [each.change for each in lamp.trials] == [
        SignalChange(product_id="lamp", price_factor=0.9),
        SignalChange(product_id="lamp", stock=1),
    ]
    cheaper, stocked = lamp.trials
    # The lamp stays the dearest; in stock it gains the weight of stock.
    assert cheaper.score == pytest.approx(lamp.product.score)
    assert stocked.score == pytest.approx(lamp.product.score + 0.2)
    assert [each.change for each in _explain(parts, "mug").trials] == [
        SignalChange(product_id="mug", price_factor=0.9)
    ]


def test_a_trial_agrees_with_a_search_that_makes_the_change(make_parts: MakeParts) -> None:
    parts = make_parts()
    change = SignalChange(product_id="lamp", price_factor=0.01, stock=9)
    (trial,) = _explain(parts, "lamp", trials=(change,)).trials
    query = replace(QUERY, signal_changes=(change,))
    hits = parts.pipeline.search(query, deadline=Deadline.never()).hits
    found = next((place, hit) for place, hit in enumerate(hits, 1) if hit.product_id == "lamp")
    assert trial.position == found[0]
    assert trial.score == pytest.approx(found[1].score)
    assert trial.change == change


def test_a_pin_is_the_reason_and_a_boost_is_a_family(make_parts: MakeParts, rooms: Rooms) -> None:
    lamp = Selection(ids=frozenset({"lamp"}))
    rooms.rules = Firing(Pin(products=("tee-red",), position=1), Boost(selection=lamp, strength=1))
    parts = make_parts()
    pinned = _explain(parts, "tee-red")
    assert pinned.product.placed_by == FiredRule(name=f"{NAME}0", action="pin")
    assert f"{NAME}0 pins tee-red to place 1." in pinned.summary
    boosted = _explain(parts, "lamp", other_id="mug")
    assert boosted.product.contributions["rules"] > 0
    assert boosted.product.rules == (FiredRule(name=f"{NAME}1", action="boost"),)
    assert "rules" in boosted.differences


def test_what_a_rule_leaves_out_is_explained_at_place_0(
    make_parts: MakeParts, rooms: Rooms
) -> None:
    rooms.rules = Firing(Exclude(selection=Selection(ids=frozenset({"mug"}))))
    explanation = _explain(make_parts(), "mug")
    assert explanation.product.position == 0
    assert explanation.summary == f"mug is left out: {NAME}0 leaves it out."
    assert explanation.other is not None
    assert explanation.other.position == 1
    assert [each.position for each in explanation.trials] == [0]


def test_a_limit_of_variants_is_named(make_parts: MakeParts) -> None:
    query = asked(words_of("tee-red"), mode=RankingMode.RETRIEVAL, collapse_limit=1)
    explanation = _explain(make_parts(), "tee-blue", query=query)
    assert explanation.product.position == 0
    assert "variants of the same product" in explanation.summary


@pytest.mark.parametrize(
    "asked_for",
    [
        AskedExplanation(product_id="ghost"),
        AskedExplanation(product_id="mug", other_id="ghost"),
    ],
)
def test_what_is_no_candidate(make_parts: MakeParts, asked_for: AskedExplanation) -> None:
    with pytest.raises(NotFound, match="ghost is not among the 4 candidates") as caught:
        make_parts().explainer.explain(QUERY, asked_for, deadline=Deadline.never())
    assert caught.value.reason == "NOT_A_CANDIDATE"


def test_a_passed_deadline_is_no_explanation_of_a_fallback(make_parts: MakeParts) -> None:
    with pytest.raises(DeadlineExceeded):
        make_parts().explainer.explain(
            QUERY, AskedExplanation(product_id="mug"), deadline=Deadline.after(0)
        )


def test_a_broken_model_is_explained_as_what_was_served_instead(make_parts: MakeParts) -> None:
    query = replace(QUERY, mode=RankingMode.MODEL)
    assert _explain(make_parts(Broken()), "mug", query=query).ranker == "retrieval"


class Mute(Rules):
    """Scores, and cannot say why."""

    def contributions(self, matrix: object) -> dict[str, object]:  # type: ignore[override]
        return Broken().contributions(matrix)  # type: ignore[arg-type, return-value]


def test_a_model_that_cannot_say_why(make_parts: MakeParts) -> None:
    parts = make_parts(Mute())
    query = replace(QUERY, mode=RankingMode.MODEL, explain=True)
    with pytest.raises(FailedPrecondition) as caught:
        _explain(parts, "mug", query=query)
    assert caught.value.reason == "MODEL_FAILED"
    result = parts.pipeline.search(query, deadline=Deadline.never())
    assert [each.used for each in result.fallbacks] == ["no_contributions"]
    assert result.hits[0].contributions == {}


def test_explanations_are_not_recorded(make_parts: MakeParts, rooms: Rooms) -> None:
    _explain(make_parts(swap_share=1.0), "mug")
    assert rooms.noted == []
