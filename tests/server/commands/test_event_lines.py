from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from omnishelf.v1 import feedback_service_pb2 as pb

from server.commands.event_lines import EventLine, event_lines
from server.errors import InvalidRequest, NotFound


def lines(folder: Path, *texts: str) -> list[EventLine]:
    file = folder / "events.jsonl"
    file.write_text("\n".join(texts), encoding="utf-8")
    return list(event_lines(file, catalog="shop"))


def test_short_forms_are_written_out(tmp_path: Path) -> None:
    short = (
        '{"event_id": "a", "type": "purchase", "product": "mug", "time": "2025-06-15T15:06:40Z", '
        '"quantity": 2, "revenue": {"currencyCode": "EUR", "units": 9}}'
    )
    whole = (
        '{"eventId": "a", "type": "EVENT_TYPE_PURCHASE", "product": "catalogs/shop/products/mug", '
        '"time": "2025-06-15T15:06:40Z", "quantity": 2, '
        '"revenue": {"currencyCode": "EUR", "units": "9"}}'
    )
    expected = pb.Event(
        event_id="a",
        type=pb.EVENT_TYPE_PURCHASE,
        product="catalogs/shop/products/mug",
        time=Timestamp(seconds=1_750_000_000),
        quantity=2,
        revenue=Money(currency_code="EUR", units=9),
    )

    assert lines(tmp_path, short, "", whole) == [
        EventLine(line=1, event=expected),
        EventLine(line=3, event=expected),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is no JSON: Expecting"),
        ("[]", "no JSON object"),
        ('{"event": "a"}', "no field named"),
        ('{"time": "yesterday"}', "time"),
        ('{"type": "stare"}', "type"),
        ('{"position": 1.5}', "position"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_line_that_is_no_event_says_why(tmp_path: Path, text: str, why: str) -> None:
    first, second = lines(tmp_path, text, '{"event_id": "a"}')

    assert first.event is None
    assert why in first.wrong
    assert "\n" not in first.wrong
    assert second == EventLine(line=2, event=pb.Event(event_id="a"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as absent:
        list(event_lines(tmp_path / "absent.jsonl", catalog="shop"))
    assert absent.value.reason == "FILE_NOT_READ"

    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRequest) as binary:
        list(event_lines(tmp_path / "binary", catalog="shop"))
    assert binary.value.reason == "FILE_NOT_TEXT"
