"""The lines of a workload file, and their JSON.

A file is JSON lines in UTF-8. The first line is the header; every other line is a question, or the
end that a recording wrote when its server stopped::

    {"format": "omnishelf.workload/1", "name": "shop", "catalog": "shop", "data": "", ...}
    {"kind": "mixed", "request": {"parent": "catalogs/shop", "query": [{"text": "in red"},
     {"image_file": "shop.pictures/9f2c.jpg"}]}, "query_id": "7", "due_seconds": 0.25}
    {"end": {"recorded": 1, "dropped": 0}}

``request`` is the protobuf JSON of `omnishelf.v1.SearchProductsRequest`. Beside its own fields a
part of the query may have ``image_file``, ``audio_file`` or ``video_file``, a path that starts from
the workload's folder, or ``image_absent``, ``audio_absent``, ``video_absent`` or ``vector_absent``:
the size of what a recording did not keep. It never has a page token: ``paged`` asks for page two.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf import json_format
from omnishelf.v1 import search_service_pb2 as pb

FORMAT: Final = "omnishelf.workload/1"

KINDS: Final = ("text", "picture", "mixed", "voice", "filtered", "paged")
"""What a request is, for tables."""

_FILE_CONTENTS: Final = ("image", "audio", "video")
_CONTENTS: Final = (*_FILE_CONTENTS, "vector")
_QUESTION_FIELDS: Final = frozenset({"kind", "request", "query_id", "due_seconds"})
_LONGEST_SECONDS: Final = 10 * 365 * 86_400
_HEADER_FIELDS: Final = ("name", "catalog", "data", "made_at", "how")


class LineRefused(Exception):
    """A line is not one of a workload: a stable ``reason``, and what to do."""

    def __init__(self, reason: str, description: str) -> None:
        super().__init__(description)
        self.reason = reason
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a workload was made for; every field may be empty.

    Attributes:
        name: For people.
        catalog: The catalog's id; empty in a recording, whose requests each name theirs.
        data: SHA-256, in hex, of the catalogue's file that was indexed.
        made_at: ISO 8601. Due times of a recording count from it.
        how: One sentence or two.
    """

    name: str = ""
    catalog: str = ""
    data: str = ""
    made_at: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """What a recording did not keep of one part of a query.

    Attributes:
        part: Which part, from 0.
        content: ``image``, ``audio``, ``video`` or ``vector``.
        size: Bytes; of a vector, how many numbers.
        width, height: Pixels of a picture; 0 of all else.
    """

    part: int
    content: str
    size: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLine:
    """One request; the parts that ``absent`` names are without content in ``request``."""

    kind: str
    request: pb.SearchProductsRequest
    query_id: str = ""
    due_seconds: float | None = None
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLine:
    """How many searches one run of a server recorded, and how many it could not."""

    recorded: int
    dropped: int


ReadFile = Callable[[str], bytes]
"""Bytes of a file that a line names; raises LineRefused."""

NameFile = Callable[[str, bytes], str]
"""Of a content (``image``) and its bytes: the path that a line shall name for them."""


def header_json(header: Header) -> str:
    """The header as a line, without its line break."""
    document = {"format": FORMAT} | {name: getattr(header, name) for name in _HEADER_FIELDS}
    return json.dumps(document, ensure_ascii=False)


def parse_header(line: bytes) -> Header:
    """Read a first line.

    Raises:
        LineRefused: ``WORKLOAD_HEADER``.
    """
    try:
        document = _object(line)
    except LineRefused as refused:
        raise _no_header(refused.description) from None
    if document.get("format") != FORMAT:
        shown = json.dumps(document.get("format"), ensure_ascii=False)[:60]
        raise _no_header(f"its format is {shown}")
    values = {name: document.get(name, "") for name in _HEADER_FIELDS}
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise _no_header(f"{', '.join(wrong)} must be text")
    return Header(**{name: str(value) for name, value in values.items()})


def question_json(line: QuestionLine, *, name_file: NameFile | None = None) -> str:
    """A question as a line; pictures and sound in base64, or in files that ``name_file`` names."""
    request = json_format.MessageToDict(line.request, preserving_proto_field_name=True)
    parts = request.get("query", [])
    for part, made in zip(line.request.query, parts, strict=True):
        content = part.WhichOneof("content")
        if name_file is not None and content in _FILE_CONTENTS:
            del made[content]
            made[f"{content}_file"] = name_file(content, getattr(part, content))
    for absent in line.absent:
        size = {"size": absent.size}
        if absent.content == "image":
            size |= {"width": absent.width, "height": absent.height}
        parts[absent.part][f"{absent.content}_absent"] = size
    document: dict[str, object] = {"kind": line.kind, "request": request}
    if line.query_id:
        document["query_id"] = line.query_id
    if line.due_seconds is not None:
        document["due_seconds"] = round(line.due_seconds, 6)
    return json.dumps(document, ensure_ascii=False)


def end_json(end: EndLine) -> str:
    """The end of one run as a line."""
    return json.dumps({"end": {"recorded": end.recorded, "dropped": end.dropped}})


def parse_line(line: bytes, *, read_file: ReadFile) -> QuestionLine | EndLine:
    """Read any line but the first.

    Raises:
        LineRefused: it is no line of a workload.
    """
    document = _object(line)
    if set(document) == {"end"} and isinstance(document["end"], dict):
        end = document["end"]
        return EndLine(recorded=_whole(end, "recorded"), dropped=_whole(end, "dropped"))
    unknown = sorted(set(document) - _QUESTION_FIELDS)
    if unknown:
        known = ", ".join(sorted(_QUESTION_FIELDS))
        raise LineRefused("FIELD_UNKNOWN", f"{unknown[0][:60]!r} is no field; take {known}")
    kind, query_id = document.get("kind"), document.get("query_id", "")
    if kind not in KINDS:
        shown = json.dumps(kind, ensure_ascii=False)[:60]
        raise LineRefused("KIND_UNKNOWN", f"kind is {shown}; write one of {', '.join(KINDS)}")
    if not isinstance(query_id, str):
        raise LineRefused("QUERY_ID_INVALID", "query_id must be text")
    request, absent = _request(document.get("request"), read_file=read_file)
    return QuestionLine(
        kind=str(kind),
        request=request,
        query_id=query_id,
        due_seconds=_due(document.get("due_seconds")),
        absent=absent,
    )


def _request(
    document: object, *, read_file: ReadFile
) -> tuple[pb.SearchProductsRequest, tuple[Absent, ...]]:
    if not isinstance(document, dict):
        raise LineRefused("REQUEST_INVALID", "request must be an object, a request as JSON")
    parts = document.get("query", [])
    files: dict[int, tuple[str, bytes]] = {}
    absent: list[Absent] = []
    for place, part in enumerate(parts if isinstance(parts, list) else []):
        # A part that is no object is refused by the parser, which says it better.
        for content in _CONTENTS if isinstance(part, dict) else ():
            if (size := part.pop(f"{content}_absent", None)) is not None:
                absent.append(_absent(place, content, size))
            if (name := part.pop(f"{content}_file", None)) is not None:
                files[place] = (content, read_file(_name(name, content)))
            if content in _FILE_CONTENTS and isinstance(part.get(content), str):
                files[place] = (content, _base64(part.pop(content), content))
    request = pb.SearchProductsRequest()
    try:
        json_format.ParseDict(document, request)
    except json_format.ParseError as error:
        raise LineRefused("REQUEST_INVALID", f"request is no search: {error}") from None
    for place, (content, data) in files.items():
        setattr(request.query[place], content, data)
    if request.page_token:
        description = "request has a page_token, which expires; leave it out, the kind says it all"
        raise LineRefused("PAGE_TOKEN_KEPT", description)
    return request, tuple(absent)


def _name(name: object, content: str) -> str:
    if not isinstance(name, str):
        raise LineRefused("FILE_NAME_INVALID", f"{content}_file must be a path")
    return name


def _base64(text: str, content: str) -> bytes:
    """Decode strictly: protobuf's JSON passes over what is no base64 in silence."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise LineRefused("NOT_BASE64", f"{content} is not base64 (RFC 4648, padded)") from None


def _absent(part: int, content: str, size: object) -> Absent:
    if not isinstance(size, dict):
        raise LineRefused("ABSENT_INVALID", f"{content}_absent must be an object with a size")
    width = height = 0
    if content == "image":
        width, height = _whole(size, "width"), _whole(size, "height")
    return Absent(part=part, content=content, size=_whole(size, "size"), width=width, height=height)


def _due(value: object) -> float | None:
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value <= _LONGEST_SECONDS
    ):
        shown = json.dumps(value, ensure_ascii=False)[:40]
        raise LineRefused("DUE_INVALID", f"due_seconds is {shown}; write seconds from 0")
    return float(value)


def _whole(document: Mapping[str, object], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise LineRefused("NUMBER_INVALID", f"{name} must be a whole number from 0")
    return value


def _object(line: bytes) -> dict[str, object]:
    try:
        document = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        description = f"byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        raise LineRefused("LINE_NOT_UTF8", description) from None
    except json.JSONDecodeError as error:
        description = f"not JSON at column {error.colno} ({error.msg}); mend or delete the line"
        raise LineRefused("LINE_NOT_JSON", description) from None
    except (RecursionError, ValueError):
        description = "the JSON nests too deep or holds too long a number; mend or delete the line"
        raise LineRefused("LINE_NOT_JSON", description) from None
    if not isinstance(document, dict):
        raise LineRefused("LINE_NOT_OBJECT", "the line is JSON but not an object")
    return document


def _no_header(why: str) -> LineRefused:
    description = (
        f'the first line must be a header with "format": "{FORMAT}" ({why}); '
        "`omnishelf bench draw` and `omnishelf serve --record` write such files"
    )
    return LineRefused("WORKLOAD_HEADER", description)
