"""Events in a file of JSON lines: what a line says, as the message that is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format
from omnishelf.v1 import feedback_service_pb2 as pb

from server.errors import InvalidRequest, NotFound, Violation

_TYPES: Final = {
    "impression": "EVENT_TYPE_IMPRESSION",
    "click": "EVENT_TYPE_CLICK",
    "add_to_cart": "EVENT_TYPE_ADD_TO_CART",
    "purchase": "EVENT_TYPE_PURCHASE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """A line from 1, and its event; or why it is none."""

    line: int
    event: pb.Event | None
    wrong: str = ""


def event_lines(file: Path, *, catalog: str) -> Iterator[EventLine]:
    """Events of a file, one a line that is not empty.

    A line is an `omnishelf.v1.Event` as protobuf writes it in JSON; ``product`` may be the bare id,
    and ``type`` one of impression, click, add_to_cart and purchase.

    Raises:
        NotFound: the file cannot be opened.
        InvalidRequest: it is no text.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, start=1):
                if text.strip():
                    yield _read(number, text, catalog=catalog)
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror}); name a file of JSON lines"
        raise NotFound(message, reason="FILE_NOT_READ") from error
    except UnicodeDecodeError as error:
        description = f"{file} is no text in UTF-8; write JSON lines"
        violation = Violation(field="file", reason="FILE_NOT_TEXT", description=description)
        raise InvalidRequest([violation]) from error


def _read(number: int, text: str, *, catalog: str) -> EventLine:
    try:
        said = json.loads(text)
        if not isinstance(said, dict):
            return EventLine(line=number, event=None, wrong="it is no JSON object")
        event = json_format.ParseDict(_whole(said, catalog=catalog), pb.Event())
    except json.JSONDecodeError as error:
        return EventLine(line=number, event=None, wrong=f"it is no JSON: {error}")
    except (ValueError, RecursionError, json_format.ParseError) as error:
        return EventLine(line=number, event=None, wrong=" ".join(str(error).split()))
    return EventLine(line=number, event=event)


def _whole(said: dict[str, Any], *, catalog: str) -> dict[str, Any]:
    """With short forms written out."""
    kind, product = said.get("type"), said.get("product")
    if isinstance(kind, str):
        said = {**said, "type": _TYPES.get(kind, kind)}
    if isinstance(product, str) and product and "/" not in product:
        said = {**said, "product": f"catalogs/{catalog}/products/{product}"}
    return said
