"""Rules as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.text_format import Parse
from omnishelf.v1 import rule_service_pb2 as pb

from server.errors import InvalidRequest
from server.rules.rule_file import read_rule_file

WRITTEN = """
rules:
  - name: summer
    note: The campaign's sandals first.
    condition: {queries: [sandals, 凉鞋], categories: [Women/Shoes]}
    pin: {products: [SD-1, 1002], position: 2}
    start_time: 2026-06-01
    end_time: 2026-09-01T08:00:00+08:00
  - name: catalogs/luma/rules/less-of-it
    boost:
      selection: {products: [catalogs/luma/products/X], filter: brand = acme}
      strength: -0.25
    disabled: true
  - name: sold-out
    out_of_stock: {policy: last}
  - {name: hidden, out_of_stock: {policy: POLICY_HIDE}, start_time: 2026-06-01 12:30:00}
"""

EXPECTED = [
    """
    name: "catalogs/luma/rules/summer"
    note: "The campaign's sandals first."
    condition {queries: ["sandals", "凉鞋"] categories: "Women/Shoes"}
    pin {products: ["catalogs/luma/products/SD-1", "catalogs/luma/products/1002"] position: 2}
    start_time {seconds: 1780272000}
    end_time {seconds: 1788220800}
    """,
    """
    name: "catalogs/luma/rules/less-of-it"
    boost {
      selection {products: "catalogs/luma/products/X" filter: "brand = acme"} strength: -0.25
    }
    disabled: true
    """,
    'name: "catalogs/luma/rules/sold-out" out_of_stock {policy: POLICY_LAST}',
    """
    name: "catalogs/luma/rules/hidden" out_of_stock {policy: POLICY_HIDE}
    start_time {seconds: 1780317000}
    """,
]


def file_of(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_bare_ids_short_policies_and_dates_are_understood(tmp_path: Path) -> None:
    found = read_rule_file(file_of(tmp_path, WRITTEN), catalog="luma")
    assert found == [Parse(text, pb.Rule()) for text in EXPECTED]


def test_a_bare_list_is_a_file_of_rules(tmp_path: Path) -> None:
    (found,) = read_rule_file(file_of(tmp_path, "- {name: a}"), catalog="shop")
    assert found == pb.Rule(name="catalogs/shop/rules/a")
    assert read_rule_file(file_of(tmp_path, "rules: []"), catalog="shop") == []


@pytest.mark.parametrize(
    ("text", "field", "reason", "said"),
    [
        ("{a: [", "rules.yaml", "RULE_FILE_UNREADABLE", "at line 1"),
        ("just words", "rules.yaml", "RULE_FILE_INVALID", "a list of rules"),
        ("rules: {a: 1}", "rules.yaml", "RULE_FILE_INVALID", "a list of rules"),
        ("", "rules.yaml", "RULE_FILE_INVALID", "a list of rules"),
        ("- {name: a}\n- 3", "rules[1]", "RULE_FILE_INVALID", "no mapping"),
        ("- {name: a, pins: {}}", "rules[0]", "RULE_FILE_INVALID", '"pins"'),
        ("- {pin: {position: first}}", "rules[0]", "RULE_FILE_INVALID", "position"),
        ("- {out_of_stock: {policy: maybe}}", "rules[0]", "RULE_FILE_INVALID", "POLICY_MAYBE"),
        ("- {start_time: soon, pin: {}}", "rules[0]", "RULE_FILE_INVALID", "start"),
        ("- !!python/object:os.system {}", "rules.yaml", "RULE_FILE_UNREADABLE", "at line 1"),
    ],
)
def test_what_is_no_file_of_rules(
    tmp_path: Path, text: str, field: str, reason: str, said: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_rule_file(file_of(tmp_path, text), catalog="luma")
    (violation,) = caught.value.violations
    assert violation.field.endswith(field)
    assert violation.reason == reason
    assert said in violation.description


def test_every_wrong_entry_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_rule_file(file_of(tmp_path, "- 1\n- {name: a}\n- [x]"), catalog="luma")
    assert [each.field for each in caught.value.violations] == ["rules[0]", "rules[2]"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_rule_file(tmp_path / "absent.yaml", catalog="luma")
    assert caught.value.reason == "RULE_FILE_UNREADABLE"
