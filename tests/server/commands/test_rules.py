"""`omnishelf rules` against a real server of the rule service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import typer
from omnishelf.v1 import rule_service_pb2_grpc
from typer.testing import CliRunner

from server.catalog.changes import ChangeLog
from server.catalog.database import Database
from server.commands.rules import rules
from server.errors import InvalidRequest, NotFound
from server.observability import Metrics
from server.rpc.interceptors import CallInterceptor, Permits
from server.rpc.page_tokens import PageTokens
from server.rpc.rule import RuleService
from server.rpc.signing import TokenSigner
from server.rules.store import RuleStore

FILE = """
- name: summer
  note: The campaign's sandals first.
  condition: {queries: [sandals, 凉鞋, flip-flops, slides], categories: [Women]}
  pin: {products: [SD-1, SD-2]}
  end_time: 2026-09-01
- {name: quieter, boost: {selection: {filter: "brand = acme"}, strength: -0.25}, disabled: true}
- {name: sold-out, out_of_stock: {policy: last}}
"""
SELECTING = """
- {name: low, bury: {selection: {products: [A, B, C, D], filter: price < 5}}}
- {name: out, exclude: {selection: {products: [A]}}}
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve the rules of `luma` alone."""
    database = Database(f"sqlite:///{tmp_path / 'rules.db'}")

    def check_catalog(name: str) -> None:
        if name != "luma":
            raise NotFound(f"there is no catalog {name!r}", reason="CATALOG_NOT_FOUND")

    with ThreadPoolExecutor(2) as pool:
        permits = Permits.of(calls=4, streams=1)
        server = grpc.server(
            pool, interceptors=[CallInterceptor(permits=permits, metrics=Metrics())]
        )
        service = RuleService(
            rules=RuleStore(database, changes=ChangeLog(database)),
            written=lambda _: None,
            check_catalog=check_catalog,
            tokens=PageTokens(TokenSigner(b"k" * 32)),
        )
        rule_service_pb2_grpc.add_RuleServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()
    database.close()


def run(*arguments: object) -> str:
    result = CliRunner().invoke(rules, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def file_of(folder: Path, text: str = FILE) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def printed_json(*arguments: object) -> list[dict[str, Any]]:
    # The server of this test logs to the same stream, a line a call.
    found: list[dict[str, Any]] = json.loads("{" + run(*arguments, "--json").partition("\n{")[2])[
        "rules"
    ]
    return found


def listed(address: str) -> list[str]:
    found = printed_json("list", "--catalog", "luma", "--server", address)
    return [each["name"] for each in found]


def test_rules_are_imported_listed_and_deleted(address: str, tmp_path: Path) -> None:
    here = ("--catalog", "luma", "--server", address)
    printed = printed_json("import", file_of(tmp_path), *here)
    assert [each["name"].rpartition("/")[2] for each in printed] == [
        "summer",
        "quieter",
        "sold-out",
    ]
    assert printed[0]["pin"]["products"][0] == "catalogs/luma/products/SD-1"
    assert "update_time" in printed[0]

    run("import", file_of(tmp_path), *here)  # again changes nothing
    assert [each.rpartition("/")[2] for each in listed(address)] == [
        "quieter",
        "sold-out",
        "summer",
    ]

    assert run("delete", "quieter", "summer", *here).count("is gone") == 2
    assert listed(address) == ["catalogs/luma/rules/sold-out"]
    with pytest.raises(NotFound, match="rules/summer"):
        run("delete", "summer", *here)


def test_a_list_reads_as_sentences(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    file = file_of(tmp_path, FILE + SELECTING)
    table = run("import", file, "--catalog", "luma", "--server", address)
    for said in (
        "quieter (disabled)",
        "boost -0.25: brand = acme",
        "bury A, B, C … and price < 5",
        "exclude A",
        "pin 2 at 1",
        "sold out: last",
        "query sandals, 凉鞋, flip-flops …; in Women; until 2026-09-01T00:00:00Z",
        "always",
    ):
        assert said in table


def test_one_wrong_rule_keeps_all_from_being_written(address: str, tmp_path: Path) -> None:
    text = FILE + "- {name: wrong, bury: {selection: {filter: 'prise < 5'}}}\n- {name: none}\n"
    text += "- {name: catalogs/other/rules/r, out_of_stock: {policy: last}}\n"
    with pytest.raises(InvalidRequest) as caught:
        run("import", file_of(tmp_path, text), "--catalog", "luma", "--server", address)
    assert [(each.field, each.reason) for each in caught.value.violations] == [
        ("rules[3].bury.selection.filter", "FILTER_UNKNOWN_FIELD"),
        ("rules[4]", "RULE_ACTION_MISSING"),
        ("rules[5].name", "RULE_OTHER_CATALOG"),
    ]
    assert listed(address) == []


def test_a_catalog_that_is_not_there_is_named(address: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="'shop'"):
        run("import", file_of(tmp_path), "--catalog", "shop", "--server", address)


def test_the_group_says_what_it_does() -> None:
    assert isinstance(rules, typer.Typer)
    help_text = run("--help")
    assert all(each in help_text for each in ("import", "list", "delete"))
