"""An explanation as the wire has it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from omnishelf.v1 import search_service_pb2 as pb

from server.catalog.codec import product_name
from server.explanation import ExplainedProduct, Explanation, TrialOutcome
from server.query import SignalChange


def explanation_message(explanation: Explanation, *, catalog: str) -> pb.ExplainRankingResponse:
    """The response for an explanation of a search over ``catalog``."""
    other = explanation.other
    return pb.ExplainRankingResponse(
        product=_product(explanation.product, catalog),
        other=None if other is None else _product(other, catalog),
        differences=_contributions(explanation.differences),
        summary=explanation.summary,
        trials=[_trial(each, catalog) for each in explanation.trials],
        served_by=pb.ServedBy(
            encoder_bundle=explanation.encoder_bundle,
            index=explanation.index,
            ranker=explanation.ranker,
        ),
    )


def _product(explained: ExplainedProduct, catalog: str) -> pb.ExplainedProduct:
    return pb.ExplainedProduct(
        product=product_name(catalog, explained.product_id),
        position=explained.position,
        score=explained.score,
        contributions=_contributions(explained.contributions),
        features=[
            pb.FeatureContribution(
                feature=each.name,
                family=each.family,
                value=None if math.isnan(each.value) else each.value,
                contribution=each.contribution,
            )
            for each in explained.features
        ],
        rules=[pb.FiredRule(name=each.name, action=each.action) for each in explained.rules],
    )


def _contributions(parts: Mapping[str, float]) -> list[pb.Contribution]:
    return [pb.Contribution(family=family, value=value) for family, value in parts.items()]


def _trial(outcome: TrialOutcome, catalog: str) -> pb.TrialOutcome:
    return pb.TrialOutcome(
        change=_change(outcome.change, catalog),
        position=outcome.position,
        score=outcome.score,
    )


def _change(change: SignalChange, catalog: str) -> pb.SignalChange:
    product = "" if change.product_id is None else product_name(catalog, change.product_id)
    return pb.SignalChange(product=product, price_factor=change.price_factor, stock=change.stock)
