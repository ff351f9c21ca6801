"""A rule as it came over the wire or out of the store, read into a value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from omnishelf.v1 import rule_service_pb2 as pb

from server.errors import InvalidRequest, Violation
from server.retrieval.filters.fields import fold_path
from server.retrieval.filters.parser import parse_filter
from server.rules.rule import (
    Action,
    Boost,
    Bury,
    Condition,
    Exclude,
    OutOfStock,
    Pin,
    Rule,
    Selection,
    StockPolicy,
)
from server.rules.selecting import needs_index
from server.rules.words import normalised

_POLICIES: Final = {
    pb.OutOfStockAction.POLICY_KEEP: StockPolicy.KEEP,
    pb.OutOfStockAction.POLICY_LAST: StockPolicy.LAST,
    pb.OutOfStockAction.POLICY_HIDE: StockPolicy.HIDE,
}


def read_rule(message: pb.Rule, *, field: str = "rule") -> Rule:
    """The rule that a message means.

    What `server.rpc.validate_rule` checks is taken as checked, but for filters, which are read
    here; ``field`` is the request's field that holds the rule, for the violations.

    Raises:
        InvalidRequest: a filter is wrong, asks for attributes (``RULE_FILTER_ATTRIBUTES``), or the
            rule has no action (``RULE_ACTION_MISSING``).
    """
    return Rule(
        name=message.name,
        action=_action(message, field),
        condition=Condition(
            queries=frozenset(map(normalised, message.condition.queries)),
            contains=tuple(map(normalised, message.condition.contains)),
            categories=tuple(map(fold_path, message.condition.categories)),
        ),
        start_seconds=_seconds(message, "start_time", default=-math.inf),
        end_seconds=_seconds(message, "end_time", default=math.inf),
        disabled=message.disabled,
    )


def _action(message: pb.Rule, field: str) -> Action:
    match message.WhichOneof("action"):
        case "pin":
            position = message.pin.position or 1
            return Pin(products=_ids(message.pin.products), position=position)
        case "boost":
            selection = _selection(message.boost.selection, f"{field}.boost.selection")
            return Boost(selection=selection, strength=message.boost.strength)
        case "bury":
            return Bury(selection=_selection(message.bury.selection, f"{field}.bury.selection"))
        case "exclude":
            where = f"{field}.exclude.selection"
            return Exclude(selection=_selection(message.exclude.selection, where))
        case "out_of_stock" if message.out_of_stock.policy in _POLICIES:
            return OutOfStock(policy=_POLICIES[message.out_of_stock.policy])
    description = "say what the rule does: pin, boost, bury, exclude, or out_of_stock with a policy"
    raise InvalidRequest(
        [Violation(field=field, reason="RULE_ACTION_MISSING", description=description)]
    )


def _selection(message: pb.ProductSelection, field: str) -> Selection:
    tree = parse_filter(message.filter, field=f"{field}.filter")
    if tree is not None and needs_index(tree):
        description = (
            "rules cannot ask for attributes, which are not kept in memory; name the products, or "
            "select them by category, brand, color, price, stock, rating, id or group_id"
        )
        violation = Violation(
            field=f"{field}.filter", reason="RULE_FILTER_ATTRIBUTES", description=description
        )
        raise InvalidRequest([violation])
    return Selection(ids=frozenset(_ids(message.products)), tree=tree)


def _ids(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.rpartition("/")[2] for name in names)


def _seconds(message: pb.Rule, name: str, *, default: float) -> float:
    if not message.HasField(name):  # type: ignore[arg-type] # one of two names, both of the message
        return default
    time = message.start_time if name == "start_time" else message.end_time
    return time.seconds + time.nanos / 1e9
