"""`omnishelf rules`: the rules by which a shop overrules its ranker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from omnishelf.v1 import rule_service_pb2 as pb
from omnishelf.v1 import rule_service_pb2_grpc
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.commands.connect import connected
from server.errors import InvalidRequest, Violation
from server.rpc.channel import wire_errors
from server.rpc.names import catalog_name, parse_catalog_name
from server.rpc.validate_rule import check_rule, rule_name
from server.rules.rule_file import read_rule_file
from server.settings import DEFAULT_CATALOG, load_settings

_SHOWN = 3
"""Of a list in a table's cell: a glance."""

rules = typer.Typer(help="Keep the rules that overrule the ranker.", no_args_is_help=True)

Catalog = Annotated[str, typer.Option(help="Catalog of the rules.")]
Server = Annotated[
    str | None, typer.Option(help="HOST:PORT; else the one on the data directory, or none.")
]
Config = Annotated[Path | None, typer.Option(help="Settings file (YAML).")]
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@rules.command("import")
def import_rules(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file of rules.")],
    *,
    catalog: Catalog = DEFAULT_CATALOG,
    server: Server = None,
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write the rules of a file; those of the same names are replaced, others stay.

    A rule has a `name`, perhaps a `condition` (`queries`, `contains`, `categories`), `start_time`,
    `end_time` and `note`, and one of these:

    `pin: {products: (ids), position: 1}`

    `boost: {strength: 0.5, selection: {filter: "brand = 'acme'"}}`

    `bury: {selection: {products: (ids)}}`, and `exclude` alike

    `out_of_stock: {policy: last}`, or `hide`, or `keep`

    If one of them is wrong, none is written.
    """
    parse_catalog_name(catalog_name(catalog), field="--catalog")
    found = read_rule_file(file, catalog=catalog)
    _check_all(found, catalog=catalog)
    with _service(server, config, data) as stub:
        written = [stub.PutRule(pb.PutRuleRequest(rule=rule)) for rule in found]
    _show(written, as_json=json_output)


@rules.command("list")
def list_rules(
    *,
    catalog: Catalog = DEFAULT_CATALOG,
    server: Server = None,
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """List the rules of a catalog in the order of their names."""
    found: list[pb.Rule] = []
    request = pb.ListRulesRequest(parent=catalog_name(catalog))
    with _service(server, config, data) as stub:
        while True:
            page = stub.ListRules(request)
            found += page.rules
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
    _show(found, as_json=json_output)


@rules.command("delete")
def delete_rules(
    names: Annotated[list[str], typer.Argument(metavar="RULE...", help="Ids of rules.")],
    *,
    catalog: Catalog = DEFAULT_CATALOG,
    server: Server = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Remove rules."""
    with _service(server, config, data) as stub:
        for name in names:
            stub.DeleteRule(pb.DeleteRuleRequest(name=rule_name(catalog, name)))
            typer.echo(f"Rule {name} is gone.")


@contextmanager
def _service(
    server: str | None, config: Path | None, data: Path | None
) -> Iterator[rule_service_pb2_grpc.RuleServiceStub]:
    settings = load_settings(config, flags={"data": data})
    with connected(settings, server=server) as (channel, target), wire_errors(target):
        yield rule_service_pb2_grpc.RuleServiceStub(channel)


def _check_all(found: Sequence[pb.Rule], *, catalog: str) -> None:
    wrong: list[Violation] = []
    for place, rule in enumerate(found):
        path = f"rules[{place}]"
        try:
            name = check_rule(rule)
        except InvalidRequest as error:
            wrong += [
                Violation(
                    field=each.field.replace("rule", path, 1),
                    reason=each.reason,
                    description=each.description,
                )
                for each in error.violations
            ]
            continue
        if name.catalog != catalog:
            description = f"it is of catalog {name.catalog!r}; import it with --catalog"
            wrong.append(
                Violation(
                    field=f"{path}.name", reason="RULE_OTHER_CATALOG", description=description
                )
            )
    if wrong:
        raise InvalidRequest(wrong)


def _show(found: Sequence[pb.Rule], *, as_json: bool) -> None:
    if as_json:
        documents = [MessageToDict(each, preserving_proto_field_name=True) for each in found]
        typer.echo(json.dumps({"rules": documents}, ensure_ascii=False, indent=2))
        return
    table = Table("rule", "does", "when", "note", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in found:
        named = each.name.rpartition("/")[2]
        table.add_row(
            Text(f"{named} (disabled)" if each.disabled else named),
            Text(_does(each)),
            Text(_when(each)),
            Text(each.note),
        )
    Console().print(table)


def _does(rule: pb.Rule) -> str:
    match rule.WhichOneof("action"):
        case "pin":
            return f"pin {len(rule.pin.products)} at {rule.pin.position or 1}"
        case "boost":
            return f"boost {rule.boost.strength:+g}: {_selected(rule.boost.selection)}"
        case "bury":
            return f"bury {_selected(rule.bury.selection)}"
        case "exclude":
            return f"exclude {_selected(rule.exclude.selection)}"
        case "out_of_stock":
            policy = pb.OutOfStockAction.Policy.Name(rule.out_of_stock.policy)
            return f"sold out: {policy.removeprefix('POLICY_').lower()}"
        case other:
            return other or ""


def _selected(selection: pb.ProductSelection) -> str:
    named = ", ".join(name.rpartition("/")[2] for name in selection.products[:_SHOWN])
    more = " …" if len(selection.products) > _SHOWN else ""
    return " and ".join(part for part in (named + more, selection.filter) if part)


def _when(rule: pb.Rule) -> str:
    condition = rule.condition
    parts = [
        f"{label} {', '.join(texts[:_SHOWN])}{' …' if len(texts) > _SHOWN else ''}"
        for label, texts in (
            ("query", condition.queries),
            ("contains", condition.contains),
            ("in", condition.categories),
        )
        if texts
    ]
    if rule.HasField("start_time"):
        parts.append(f"from {rule.start_time.ToJsonString()}")
    if rule.HasField("end_time"):
        parts.append(f"until {rule.end_time.ToJsonString()}")
    return "; ".join(parts) or "always"
