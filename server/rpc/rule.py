"""The rule service."""

# ruff: noqa: ARG002, N802 - gRPC names the methods and gives every one a context

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import grpc
from google.protobuf import empty_pb2
from omnishelf.v1 import rule_service_pb2 as pb
from omnishelf.v1 import rule_service_pb2_grpc

from server.errors import NotFound
from server.rpc.names import parse_catalog_name
from server.rpc.page_tokens import PageTokens
from server.rpc.validate_rule import check_rule, parse_rule_name
from server.rpc.violations import Violations
from server.rules.store import StoredRule

DEFAULT_PAGE = 100
MOST_PAGE = 1_000


class Rules(Protocol):
    """Where rules are kept: `server.rules.store.RuleStore`, or a fake; any thread may ask."""

    def put(self, rule: StoredRule, *, update_seconds: float) -> None:
        """Write a rule; one of the same id is replaced."""

    def delete(self, catalog: str, rule_id: str) -> bool:
        """Remove a rule; whether it was there."""

    def get(self, catalog: str, rule_id: str) -> bytes | None:
        """The serialized rule, None where there is none."""

    def page(self, catalog: str, *, after_id: str, limit: int) -> Sequence[StoredRule]:
        """Rules in the order of ids, from the first after ``after_id``."""


class RuleService(rule_service_pb2_grpc.RuleServiceServicer):
    """Keeps the rules of catalogs."""

    def __init__(
        self,
        *,
        rules: Rules,
        written: Callable[[str], None],
        check_catalog: Callable[[str], object],
        tokens: PageTokens,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``written`` is called with a catalog's name after a write, to serve its rules anew.

        ``check_catalog`` raises NotFound where there is no such catalog; ``now`` is Unix time.
        """
        self._rules = rules
        self._written = written
        self._check_catalog = check_catalog
        self._tokens = tokens
        self._now = now

    def PutRule(self, request: pb.PutRuleRequest, context: grpc.ServicerContext) -> pb.Rule:
        """Write a rule, and serve it."""
        name = check_rule(request.rule)
        self._check_catalog(name.catalog)
        now = self._now()
        rule = pb.Rule()
        rule.CopyFrom(request.rule)
        rule.update_time.FromMicroseconds(round(now * 1e6))
        row = StoredRule(catalog=name.catalog, id=name.rule_id, payload=rule.SerializeToString())
        self._rules.put(row, update_seconds=now)
        self._written(name.catalog)
        return rule

    def GetRule(self, request: pb.GetRuleRequest, context: grpc.ServicerContext) -> pb.Rule:
        """One rule as stored."""
        name = parse_rule_name(request.name, field="name")
        found = self._rules.get(name.catalog, name.rule_id)
        if found is None:
            raise _not_found(request.name)
        return pb.Rule.FromString(found)

    def ListRules(
        self, request: pb.ListRulesRequest, context: grpc.ServicerContext
    ) -> pb.ListRulesResponse:
        """One page of a catalog's rules in the order of their names."""
        catalog, after_id, size = self._asked_page(request)
        self._check_catalog(catalog)
        rows = self._rules.page(catalog, after_id=after_id, limit=size + 1)
        response = pb.ListRulesResponse(
            rules=[pb.Rule.FromString(row.payload) for row in rows[:size]]
        )
        if len(rows) > size:
            last = rows[size - 1].id
            response.next_page_token = self._tokens.write_list(_listing(catalog), after_id=last)
        return response

    def DeleteRule(
        self, request: pb.DeleteRuleRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remove a rule, and serve without it."""
        name = parse_rule_name(request.name, field="name")
        removed = self._rules.delete(name.catalog, name.rule_id)
        # Also where it was gone: a call before this one may have failed between the two steps.
        self._written(name.catalog)
        if not removed:
            raise _not_found(request.name)
        return empty_pb2.Empty()

    def _asked_page(self, request: pb.ListRulesRequest) -> tuple[str, str, int]:
        violations = Violations()
        catalog = after_id = ""
        with violations.collecting():
            catalog = parse_catalog_name(request.parent, field="parent")
        if request.page_token:
            with violations.collecting():
                after_id = self._tokens.read_list(request.page_token, catalog=_listing(catalog))
        size = violations.page_size(request.page_size, default=DEFAULT_PAGE, most=MOST_PAGE)
        violations.raise_any()
        return catalog, after_id, size


def _listing(catalog: str) -> str:
    """What binds a token to the rules of a catalog; no catalog's name has a slash."""
    return f"{catalog}/rules"


def _not_found(name: str) -> NotFound:
    return NotFound(f"there is no rule {name}", reason="RULE_NOT_FOUND", name=name)
