"""Checks requests that keep rules, and names rules (AIP-122)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp
from omnishelf.v1 import rule_service_pb2 as pb

from server.errors import InvalidRequest, Violation
from server.retrieval.filters.fields import fold_path
from server.rpc.names import catalog_name, parse_catalog_name, parse_product_name
from server.rpc.violations import Violations
from server.rules.reading import read_rule
from server.rules.words import normalised

MOST_CONDITIONS = 1_000
MOST_SELECTED = 1_000
MOST_PINNED = 50
MOST_POSITION = 1_000
MOST_NOTE_CHARACTERS = 500
MOST_QUERY_CHARACTERS = 2_000

_COLLECTION = "/rules/"
_RULE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_EARLIEST_SECONDS, _LATEST_SECONDS = -62_135_596_800, 253_402_300_799  # years 1 to 9999
_NANOS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleName:
    """A rule's name in its two parts."""

    catalog: str
    rule_id: str


def rule_name(catalog: str, rule_id: str) -> str:
    """The resource name of a rule.

    >>> rule_name("luma", "summer")
    'catalogs/luma/rules/summer'
    """
    return f"{catalog_name(catalog)}{_COLLECTION}{rule_id}"


def parse_rule_name(name: str, *, field: str) -> RuleName:
    """The rule that a name means.

    Raises:
        InvalidRequest: ``RULE_NAME_INVALID`` of ``field``.

    >>> parse_rule_name("catalogs/luma/rules/summer", field="name").rule_id
    'summer'
    """
    parent, _, rule_id = name.rpartition(_COLLECTION)
    if _RULE.fullmatch(rule_id):
        try:
            return RuleName(catalog=parse_catalog_name(parent, field=field), rule_id=rule_id)
        except InvalidRequest:
            pass  # said below for the whole name
    description = (
        "write catalogs/{catalog}/rules/{rule}, where {rule} is 1 to 128 of letters, digits, '.', "
        f"'_', '-', not {name[:60]!r}"
    )
    violation = Violation(field=field, reason="RULE_NAME_INVALID", description=description)
    raise InvalidRequest([violation])


def check_rule(rule: pb.Rule) -> RuleName:
    """Refuse a rule that says nothing or too much; its name in two parts.

    Raises:
        InvalidRequest: with everything that is wrong with it.
    """
    violations = Violations()
    name = RuleName(catalog="", rule_id="")
    with violations.collecting():
        name = parse_rule_name(rule.name, field="rule.name")
    violations.check_length("rule.note", rule.note, most=MOST_NOTE_CHARACTERS)
    _check_condition(rule.condition, violations)
    _check_action(rule, violations, catalog=name.catalog or None)
    _check_times(rule, violations)
    with violations.collecting():
        read_rule(rule)
    violations.raise_any()
    return name


def _check_condition(condition: pb.RuleCondition, violations: Violations) -> None:
    for field, texts in (("queries", condition.queries), ("contains", condition.contains)):
        path = f"rule.condition.{field}"
        _check_count(path, texts, violations, most=MOST_CONDITIONS)
        for place, text in enumerate(texts):
            violations.check_length(f"{path}[{place}]", text, most=MOST_QUERY_CHARACTERS)
            if not normalised(text):
                violations.add(f"{path}[{place}]", "BLANK", "write a word, or leave it out")
    path = "rule.condition.categories"
    _check_count(path, condition.categories, violations, most=MOST_CONDITIONS)
    for place, category in enumerate(condition.categories):
        if not fold_path(category):
            description = "write a category path such as Women/Tops, or leave it out"
            violations.add(f"{path}[{place}]", "BLANK", description)


def _check_action(rule: pb.Rule, violations: Violations, *, catalog: str | None) -> None:
    match rule.WhichOneof("action"):
        case "pin":
            if not rule.pin.products:
                violations.add("rule.pin.products", "REQUIRED", "name 1 to 50 products to pin")
            _check_count("rule.pin.products", rule.pin.products, violations, most=MOST_PINNED)
            _check_products("rule.pin.products", rule.pin.products, violations, catalog=catalog)
            violations.check_range(
                "rule.pin.position", rule.pin.position, low=0, high=MOST_POSITION
            )
        case "boost":
            strength = rule.boost.strength
            field = "rule.boost.strength"
            if violations.check_range(field, strength, low=-1, high=1) and not strength:
                violations.add(field, "OUT_OF_RANGE", "0 changes nothing; take -1 to 1 but not 0")
            _check_selection("rule.boost", rule.boost.selection, violations, catalog=catalog)
        case "bury":
            _check_selection("rule.bury", rule.bury.selection, violations, catalog=catalog)
        case "exclude":
            _check_selection("rule.exclude", rule.exclude.selection, violations, catalog=catalog)


def _check_selection(
    field: str, selection: pb.ProductSelection, violations: Violations, *, catalog: str | None
) -> None:
    field = f"{field}.selection"
    if not selection.products and not selection.filter.strip():
        description = "say which products: name some, or write a filter"
        violations.add(field, "SELECTION_EMPTY", description)
    _check_count(f"{field}.products", selection.products, violations, most=MOST_SELECTED)
    _check_products(f"{field}.products", selection.products, violations, catalog=catalog)


def _check_products(
    field: str, names: Sequence[str], violations: Violations, *, catalog: str | None
) -> None:
    for place, name in enumerate(names):
        with violations.collecting():
            parse_product_name(name, field=f"{field}[{place}]", catalog=catalog)


def _check_count(field: str, items: Sequence[str], violations: Violations, *, most: int) -> None:
    if len(items) > most:
        description = f"it has {len(items):,} entries; at most {most:,} are allowed"
        violations.add(field, "TOO_MANY", description)


def _check_times(rule: pb.Rule, violations: Violations) -> None:
    times = [(rule.start_time, "rule.start_time"), (rule.end_time, "rule.end_time")]
    sound = [_check_time(field, time, violations) for time, field in times]
    if not (all(sound) and rule.HasField("start_time") and rule.HasField("end_time")):
        return
    start, end = ((time.seconds, time.nanos) for time, _ in times)
    if end <= start:
        description = "it has to be later than start_time, or the rule never fires"
        violations.add("rule.end_time", "OUT_OF_RANGE", description)


def _check_time(field: str, time: Timestamp, violations: Violations) -> bool:
    if _EARLIEST_SECONDS <= time.seconds <= _LATEST_SECONDS and 0 <= time.nanos < _NANOS:
        return True
    description = "write a time of the years 1 to 9999, with 0 to 999,999,999 nanoseconds"
    violations.add(field, "TIME_INVALID", description)
    return False
