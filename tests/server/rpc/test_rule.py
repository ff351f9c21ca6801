"""The rule service over gRPC, on a store in a file."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from omnishelf.v1 import rule_service_pb2 as pb
from omnishelf.v1 import rule_service_pb2_grpc

from server.catalog.changes import ChangeLog
from server.catalog.database import Database
from server.errors import InvalidRequest, NotFound
from server.observability import Metrics
from server.rpc.channel import open_channel, wire_errors
from server.rpc.interceptors import CallInterceptor, Permits
from server.rpc.page_tokens import PageTokens
from server.rpc.rule import RuleService
from server.rpc.signing import TokenSigner
from server.rules.book import RuleBook
from server.rules.store import RuleStore

HIDE = pb.OutOfStockAction(policy=pb.OutOfStockAction.POLICY_HIDE)
NOW = 1_780_272_000.25


@dataclass
class Served:
    stub: rule_service_pb2_grpc.RuleServiceStub
    store: RuleStore
    book: RuleBook
    tokens: PageTokens
    catalogs: set[str] = field(default_factory=lambda: {"luma", "other"})

    def check(self, catalog: str) -> None:
        if catalog not in self.catalogs:
            raise NotFound(f"there is no catalog {catalog}", reason="CATALOG_NOT_FOUND")

    def fired(self, catalog: str = "luma") -> list[str]:
        found = self.book.firing(catalog, words="", filter_tree=None, now_seconds=NOW)
        return [rule.name for rule in found.rules] if found else []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    database = Database(f"sqlite:///{tmp_path / 'rules.db'}")
    store = RuleStore(database, changes=ChangeLog(database))
    book = RuleBook(store)
    tokens = PageTokens(TokenSigner(b"k" * 32))
    permits = Permits.of(calls=4, streams=1)
    interceptor = CallInterceptor(permits=permits, metrics=Metrics())
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, interceptors=[interceptor])
        port = server.add_insecure_port("127.0.0.1:0")
        with open_channel(f"127.0.0.1:{port}") as channel:
            found = Served(
                stub=rule_service_pb2_grpc.RuleServiceStub(channel),
                store=store,
                book=book,
                tokens=tokens,
            )
            service = RuleService(
                rules=store,
                written=book.refresh,
                check_catalog=found.check,
                tokens=tokens,
                now=lambda: NOW,
            )
            rule_service_pb2_grpc.add_RuleServiceServicer_to_server(service, server)
            server.start()
            with wire_errors("here"):
                yield found
        server.stop(None).wait()
    database.close()


def put(served: Served, rule_id: str, *, catalog: str = "luma", note: str = "") -> pb.Rule:
    rule = pb.Rule(name=f"catalogs/{catalog}/rules/{rule_id}", note=note, out_of_stock=HIDE)
    with wire_errors("here"):
        return served.stub.PutRule(pb.PutRuleRequest(rule=rule))


def test_a_rule_is_written_served_read_replaced_and_removed(served: Served) -> None:
    name = "catalogs/luma/rules/sold-out"
    written = put(served, "sold-out", note="first")
    assert written.update_time.ToNanoseconds() == 1_780_272_000_250_000_000
    assert served.stub.GetRule(pb.GetRuleRequest(name=name)) == written
    assert served.fired() == [name]

    replaced = put(served, "sold-out", note="second")
    assert served.stub.GetRule(pb.GetRuleRequest(name=name)).note == "second"
    assert served.stub.ListRules(pb.ListRulesRequest(parent="catalogs/luma")).rules == [replaced]

    served.stub.DeleteRule(pb.DeleteRuleRequest(name=name))
    assert served.fired() == []
    for call in (
        lambda: served.stub.GetRule(pb.GetRuleRequest(name=name)),
        lambda: served.stub.DeleteRule(pb.DeleteRuleRequest(name=name)),
    ):
        with pytest.raises(NotFound, match="sold-out") as caught, wire_errors("here"):
            call()
        assert caught.value.reason == "RULE_NOT_FOUND"


def test_a_removal_that_was_not_served_is_served_when_it_is_sent_again(served: Served) -> None:
    put(served, "a")
    store = served.store
    store.delete("luma", "a")  # as by a call that failed before the rules were read anew
    assert served.fired() == ["catalogs/luma/rules/a"]
    with pytest.raises(NotFound), wire_errors("here"):
        served.stub.DeleteRule(pb.DeleteRuleRequest(name="catalogs/luma/rules/a"))
    assert served.fired() == []


def test_what_the_caller_says_of_the_time_it_was_written_is_not_believed(served: Served) -> None:
    rule = pb.Rule(name="catalogs/luma/rules/a", out_of_stock=HIDE)
    rule.update_time.FromSeconds(7)
    written = served.stub.PutRule(pb.PutRuleRequest(rule=rule))
    assert written.update_time.seconds == int(NOW)


def test_rules_are_listed_page_by_page(served: Served) -> None:
    for rule_id in ("c", "a", "e", "b", "d"):
        put(served, rule_id)
    put(served, "z", catalog="other")
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        request = pb.ListRulesRequest(parent="catalogs/luma", page_size=2, page_token=token)
        page = served.stub.ListRules(request)
        pages.append([rule.name[-1] for rule in page.rules])
        token = page.next_page_token
    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_a_token_fits_the_rules_of_its_catalog_alone(served: Served) -> None:
    put(served, "a")
    put(served, "b")
    first = served.stub.ListRules(pb.ListRulesRequest(parent="catalogs/luma", page_size=1))
    for parent, token, reason in (
        ("catalogs/other", first.next_page_token, "PAGE_TOKEN_OTHER_REQUEST"),
        ("catalogs/luma", "forged", "PAGE_TOKEN_INVALID"),
        (
            "catalogs/luma",
            served.tokens.write_list("luma", after_id="a"),  # of a listing of products
            "PAGE_TOKEN_OTHER_REQUEST",
        ),
    ):
        with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
            served.stub.ListRules(pb.ListRulesRequest(parent=parent, page_token=token))
        (violation,) = caught.value.violations
        assert (violation.field, violation.reason) == ("page_token", reason)


def test_what_is_wrong_is_refused_and_nothing_written(served: Served) -> None:
    with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
        served.stub.PutRule(pb.PutRuleRequest(rule=pb.Rule(name="catalogs/luma/rules/a")))
    assert caught.value.reason == "RULE_ACTION_MISSING"
    with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
        served.stub.ListRules(pb.ListRulesRequest(parent="luma", page_size=-1))
    assert {each.field for each in caught.value.violations} == {"parent", "page_size"}
    listed = served.stub.ListRules(pb.ListRulesRequest(parent="catalogs/luma"))
    assert list(listed.rules) == []


def test_a_catalog_that_is_not_there_has_no_rules(served: Served) -> None:
    with pytest.raises(NotFound) as caught:
        put(served, "a", catalog="absent")
    assert caught.value.reason == "CATALOG_NOT_FOUND"
    with pytest.raises(NotFound) as caught, wire_errors("here"):
        served.stub.ListRules(pb.ListRulesRequest(parent="catalogs/absent"))
    assert caught.value.reason == "CATALOG_NOT_FOUND"
