"""Explanations as a person reads them."""

import io

import pytest
from omnishelf.v1 import search_service_pb2 as pb
from rich.console import Console

from server.commands.explanation_table import outcome, print_explanation

P1, P2 = "catalogs/luma/products/p1", "catalogs/luma/products/p2"
RESPONSE = pb.ExplainRankingResponse(
    product=pb.ExplainedProduct(
        product=P1,
        position=1,
        score=0.75,
        contributions=[
            pb.Contribution(family="price", value=0.5),
            pb.Contribution(family="bias", value=0.25),
        ],
        features=[
            pb.FeatureContribution(
                feature="price_level", family="price", value=-1.5, contribution=0.5
            ),
            pb.FeatureContribution(feature="stock_sold_out", family="stock", contribution=-0.125),
        ],
        rules=[pb.FiredRule(name="catalogs/luma/rules/sale", action="boost")],
    ),
    other=pb.ExplainedProduct(
        product=P2, position=2, score=0.25, contributions=[pb.Contribution(family="bias", value=1)]
    ),
    differences=[pb.Contribution(family="price", value=0.5)],
    summary="p1 stands above p2 for price (+0.50).",
    trials=[
        pb.TrialOutcome(change=pb.SignalChange(product=P1, price_factor=0.9), position=1, score=0.8)
    ],
    served_by=pb.ServedBy(encoder_bundle="b", index="i", ranker="r"),
)


def _printed(response: pb.ExplainRankingResponse) -> str:
    file = io.StringIO()
    print_explanation(Console(file=file, width=100), response)
    return file.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        "p1 stands above p2 for price (+0.50).",
        "family p1 (#1) p2 (#2) difference",
        "price 0.500 0.000 +0.500",
        "bias 0.250 1.000 +0.000",
        "score 0.750 0.250 +0.500",
        "price: price_level -1.5 +0.500",
        "stock: stock_sold_out unknown -0.125",
        "p1: boost by catalogs/luma/rules/sale",
        "p1 at 90% of its price: place 1 -> 1, score 0.750 -> 0.800",
        "bundle b · index i · ranker r",
    ],
)
def test_everything_is_on_its_line(line: str) -> None:
    lines = [" ".join(each.split()) for each in _printed(RESPONSE).splitlines()]
    assert line in lines


def test_the_only_candidate_stands_alone() -> None:
    alone = pb.ExplainRankingResponse()
    alone.CopyFrom(RESPONSE)
    alone.ClearField("other")
    alone.ClearField("differences")
    printed = _printed(alone)
    assert "difference" not in printed
    assert "p2 (#" not in printed


def test_a_trial_that_leaves_the_product_out() -> None:
    change = pb.SignalChange(product=P1, price_factor=1.5, stock=0)
    trial = pb.TrialOutcome(change=change, position=0, score=0.5)
    assert outcome(trial, RESPONSE.product) == (
        "p1 at 150% of its price and with 0 in stock: place 1 -> left out, score 0.750 -> 0.500"
    )
