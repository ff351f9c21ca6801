"""Explanations on the wire: every part told, what is unknown left unset."""

from typing import Any

from omnishelf.v1 import search_service_pb2 as pb

from ranker.explain import FeaturePart
from server.explanation import ExplainedProduct, Explanation, TrialOutcome
from server.hits import FiredRule
from server.query import SignalChange
from server.rpc.explain import explanation_message

Served = Any
"""`conftest.Served`, which importlib mode keeps out of reach."""

NAN = float("nan")
PARENT = "catalogs/luma"
ONE = ExplainedProduct(
    product_id="p1",
    position=2,
    score=0.75,
    contributions={"price": 0.5, "bias": 0.25},
    features=(
        FeaturePart(name="price_level", family="price", value=-1.5, contribution=0.5),
        FeaturePart(name="stock_known", family="stock", value=NAN, contribution=-0.25),
    ),
    rules=(FiredRule(name=f"{PARENT}/rules/r", action="boost"),),
)
OTHER = ExplainedProduct(product_id="p2", position=1, score=1.0, contributions={"bias": 1.0})


def _explanation(other: ExplainedProduct | None) -> Explanation:
    return Explanation(
        product=ONE,
        other=other,
        differences={"price": 0.5, "bias": -0.75},
        summary="p1 stands below p2.",
        trials=(
            TrialOutcome(
                change=SignalChange(product_id="p1", price_factor=0.9), position=1, score=1.5
            ),
            TrialOutcome(change=SignalChange(stock=0), position=0, score=0.5),
        ),
        encoder_bundle="b",
        index="i",
        ranker="r",
    )


def test_every_part_is_told() -> None:
    message = explanation_message(_explanation(OTHER), catalog="luma")
    assert message == pb.ExplainRankingResponse(
        product=pb.ExplainedProduct(
            product=f"{PARENT}/products/p1",
            position=2,
            score=0.75,
            contributions=[
                pb.Contribution(family="price", value=0.5),
                pb.Contribution(family="bias", value=0.25),
            ],
            features=[
                pb.FeatureContribution(
                    feature="price_level", family="price", value=-1.5, contribution=0.5
                ),
                pb.FeatureContribution(feature="stock_known", family="stock", contribution=-0.25),
            ],
            rules=[pb.FiredRule(name=f"{PARENT}/rules/r", action="boost")],
        ),
        other=pb.ExplainedProduct(
            product=f"{PARENT}/products/p2",
            position=1,
            score=1.0,
            contributions=[pb.Contribution(family="bias", value=1.0)],
        ),
        differences=[
            pb.Contribution(family="price", value=0.5),
            pb.Contribution(family="bias", value=-0.75),
        ],
        summary="p1 stands below p2.",
        trials=[
            pb.TrialOutcome(
                change=pb.SignalChange(product=f"{PARENT}/products/p1", price_factor=0.9),
                position=1,
                score=1.5,
            ),
            pb.TrialOutcome(change=pb.SignalChange(stock=0), position=0, score=0.5),
        ],
        served_by=pb.ServedBy(encoder_bundle="b", index="i", ranker="r"),
    )


def test_the_only_candidate_has_no_other() -> None:
    message = explanation_message(_explanation(None), catalog="luma")
    assert not message.HasField("other")


def test_the_call_passes_what_was_checked(served: Served) -> None:
    request = pb.ExplainRankingRequest(
        search=pb.SearchProductsRequest(parent=PARENT, query=[pb.QueryPart(text="a")]),
        product=f"{PARENT}/products/p1",
    )
    response = served.search.ExplainRanking(request)
    assert response.product.product == request.product
    assert response.summary == "p1 is the only candidate."
    ((query, asked),) = served.shop.explained
    assert (query.catalog, asked.product_id, asked.trials) == ("luma", "p1", None)
