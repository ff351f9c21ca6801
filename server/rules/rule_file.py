"""Rules written by people in a YAML file, as messages.

A file is a list, or a mapping with the list under ``rules``. Each entry has the fields of
`omnishelf.v1.Rule`; names of rules and products may be bare ids, policies short, times dates:

    - name: summer
      note: The campaign's sandals first.
      condition: {queries: [sandals, 凉鞋]}
      pin: {products: [SD-1, SD-2]}
      end_time: 2026-09-01
    - name: sold-out-last
      out_of_stock: {policy: last}
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import yaml
from google.protobuf.json_format import ParseDict, ParseError
from omnishelf.v1 import rule_service_pb2 as pb

from server.errors import InvalidRequest, Violation

_SELECTING: Final = ("boost", "bury", "exclude")


def read_rule_file(path: Path, *, catalog: str) -> list[pb.Rule]:
    """The rules of a file for a catalog, in its order; what they say is not checked.

    Raises:
        InvalidRequest: the file cannot be read (``RULE_FILE_UNREADABLE``), or entries are no rules
            (``RULE_FILE_INVALID``, one violation each).
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where is not None else ""
        description = f"it cannot be read as YAML{line}; give a readable UTF-8 file"
        raise _refused([(str(path), "RULE_FILE_UNREADABLE", description)]) from None
    entries = document.get("rules") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        description = "write a list of rules, or a mapping with such a list under `rules`"
        raise _refused([(str(path), "RULE_FILE_INVALID", description)])
    rules, wrong = [], []
    for place, entry in enumerate(entries):
        try:
            rules.append(_rule(entry, catalog=catalog))
        except (ParseError, TypeError, ValueError) as error:
            problem = str(error).splitlines()[0][:200]
            description = f"{problem}; write the fields of omnishelf.v1.Rule"
            wrong.append((f"rules[{place}]", "RULE_FILE_INVALID", description))
    if wrong:
        raise _refused(wrong)
    return rules


def _refused(found: Iterable[tuple[str, str, str]]) -> InvalidRequest:
    return InvalidRequest(
        [
            Violation(field=field, reason=reason, description=description)
            for field, reason, description in found
        ]
    )


def _rule(entry: object, *, catalog: str) -> pb.Rule:
    plain = _plain(entry)
    if not isinstance(plain, dict):
        raise TypeError("an entry is no mapping")
    plain["name"] = _named(plain.get("name", ""), f"catalogs/{catalog}/rules/")
    holders = [plain.get("pin")]
    holders += [
        part.get("selection") for each in _SELECTING if isinstance(part := plain.get(each), dict)
    ]
    for holder in holders:
        if isinstance(holder, dict) and isinstance(products := holder.get("products"), list):
            prefix = f"catalogs/{catalog}/products/"
            holder["products"] = [_named(each, prefix) for each in products]
    policy = plain.get("out_of_stock")
    if isinstance(policy, dict) and isinstance(name := policy.get("policy"), str):
        policy["policy"] = f"POLICY_{name.upper().removeprefix('POLICY_')}"
    return ParseDict(plain, pb.Rule())


def _named(written: object, prefix: str) -> str:
    text = str(written)
    return text if "/" in text or not text else prefix + text


def _plain(value: object) -> object:
    """The same in JSON's types: dates become times, in UTC unless they say otherwise."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
