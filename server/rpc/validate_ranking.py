"""Checks how a search asks to be ranked, and for whom."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from google.protobuf.descriptor import EnumDescriptor
from omnishelf.v1 import search_service_pb2 as pb

from ranker.baseline import RetrievalOrder, Rules
from ranker.diversify import Method
from ranker.explain import FEATURE_NAMES
from server.query import RankingMode, Shopper, SignalChange
from server.ranking_stage import unknown_feature
from server.rpc.names import parse_product_name
from server.rpc.violations import Violations

MOST_CANDIDATES = 1_000
MOST_LIMIT = 100
MOST_OVERRIDES = 100
MOST_CHANGES = 100
LEAST_FACTOR, MOST_FACTOR = 0.01, 100.0
MOST_SHOPPER_CHARACTERS = 128

_MODES: Mapping[int, RankingMode] = {
    pb.RankingOptions.MODE_UNSPECIFIED: RankingMode.MODEL,
    pb.RankingOptions.MODE_MODEL: RankingMode.MODEL,
    pb.RankingOptions.MODE_RETRIEVAL: RankingMode.RETRIEVAL,
    pb.RankingOptions.MODE_RULES: RankingMode.RULES,
}
_METHODS: Mapping[int, Method] = {
    pb.RankingOptions.DIVERSIFIER_UNSPECIFIED: Method.MMR,
    pb.RankingOptions.DIVERSIFIER_MMR: Method.MMR,
    pb.RankingOptions.DIVERSIFIER_DPP: Method.DPP,
}
_NAMES: Mapping[RankingMode, tuple[str, ...]] = {
    RankingMode.MODEL: FEATURE_NAMES,
    RankingMode.RETRIEVAL: RetrievalOrder.feature_names,
    RankingMode.RULES: Rules.feature_names,
}


def check_known(violations: Violations, field: str, value: int, kind: EnumDescriptor) -> None:
    """Note an enum's number that has no meaning."""
    if value not in kind.values_by_number:
        known = ", ".join(kind.values_by_name)
        violations.add(field, "ENUM_UNKNOWN", f"{value} has no meaning; take one of {known}")


def check_ranking(violations: Violations, ranking: pb.RankingOptions) -> None:
    """Note what is wrong with the options, but for the signal changes."""
    options = pb.RankingOptions
    check_known(violations, "ranking.mode", ranking.mode, options.Mode.DESCRIPTOR)
    diversifiers = options.Diversifier.DESCRIPTOR
    check_known(violations, "ranking.diversifier", ranking.diversifier, diversifiers)
    if ranking.HasField("variety"):
        violations.check_range("ranking.variety", ranking.variety, low=0, high=1)
    if ranking.HasField("image_share"):
        violations.check_range("ranking.image_share", ranking.image_share, low=0, high=1)
    violations.check_range("ranking.candidates", ranking.candidates, low=0, high=MOST_CANDIDATES)
    violations.check_range("ranking.brand_limit", ranking.brand_limit, low=0, high=MOST_LIMIT)
    violations.check_range("ranking.category_limit", ranking.category_limit, low=0, high=MOST_LIMIT)
    _check_overrides(violations, ranking)


def mode_of(ranking: pb.RankingOptions) -> RankingMode:
    """Who orders; the model for a number without meaning."""
    return _MODES.get(ranking.mode, RankingMode.MODEL)


def method_of(ranking: pb.RankingOptions) -> Method:
    """How variety is made; as usual for a number without meaning."""
    return _METHODS.get(ranking.diversifier, Method.MMR)


def signal_changes(
    violations: Violations,
    changes: Iterable[pb.SignalChange],
    *,
    field: str,
    most: int,
    catalog: str | None,
) -> tuple[SignalChange, ...]:
    """The changes that are right, of products of ``catalog``; the rest goes to ``violations``."""
    asked = list(changes)
    if len(asked) > most:
        violations.add(field, "TOO_MANY_CHANGES", f"it has {len(asked)}; at most {most} are made")
    found = []
    for place, change in enumerate(asked[:most]):
        with violations.collecting():
            found.append(_change(violations, change, field=f"{field}[{place}]", catalog=catalog))
    return tuple(found)


def shopper_of(violations: Violations, request: pb.SearchProductsRequest) -> Shopper | None:
    """Who asks, None where nothing is said."""
    user, session = request.shopper.user, request.shopper.session
    violations.check_length("shopper.user", user, most=MOST_SHOPPER_CHARACTERS)
    violations.check_length("shopper.session", session, most=MOST_SHOPPER_CHARACTERS)
    return Shopper(user=user, session=session) if user or session else None


def _change(
    violations: Violations, change: pb.SignalChange, *, field: str, catalog: str | None
) -> SignalChange:
    product_id = None
    if change.product:
        name = parse_product_name(change.product, field=f"{field}.product", catalog=catalog)
        product_id = name.product_id
    factor = change.price_factor if change.HasField("price_factor") else None
    stock = change.stock if change.HasField("stock") else None
    if factor is None and stock is None:
        violations.add(field, "CHANGE_EMPTY", "it changes nothing; set price_factor or stock")
    if factor is not None:
        violations.check_range(f"{field}.price_factor", factor, low=LEAST_FACTOR, high=MOST_FACTOR)
    if stock is not None and stock < 0:
        violations.add(f"{field}.stock", "OUT_OF_RANGE", f"{stock} is negative; take 0 or more")
    return SignalChange(product_id=product_id, price_factor=factor, stock=stock)


def _check_overrides(violations: Violations, ranking: pb.RankingOptions) -> None:
    overrides, field = ranking.feature_overrides, "ranking.feature_overrides"
    if len(overrides) > MOST_OVERRIDES:
        description = f"it has {len(overrides)}; at most {MOST_OVERRIDES} are made"
        violations.add(field, "TOO_MANY_OVERRIDES", description)
        return
    names = _NAMES[mode_of(ranking)]
    for name, value in sorted(overrides.items()):
        if name not in names:
            unknown = unknown_feature(name, names)
            violations.add(unknown.field, unknown.reason, unknown.description)
        elif not math.isfinite(value):
            description = "it is no finite number; leave the feature out, or give it a value"
            violations.add(f"{field}[{name}]", "NOT_FINITE", description)
