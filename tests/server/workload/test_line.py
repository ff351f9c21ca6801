"""The lines of a workload file: what they hold, and what is refused in which words."""

import json

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.workloads.workload import Kind
from server.workload.line import (
    KINDS,
    Absent,
    EndLine,
    Header,
    LineRefused,
    QuestionLine,
    end_json,
    header_json,
    parse_header,
    parse_line,
    question_json,
)

PICTURE = b"\xff\xd8\xff picture"
REQUEST = pb.SearchProductsRequest(
    parent="catalogs/shop",
    query=[pb.QueryPart(text="红色 mug"), pb.QueryPart(image=PICTURE, weight=-0.3)],
    filter='price <= 9.5 AND color = "red"',
    page_size=20,
)


def no_file(name: str) -> bytes:
    raise LineRefused("FILE_NOT_FOUND", name)


def parsed(document: object) -> QuestionLine | EndLine:
    return parse_line(json.dumps(document).encode(), read_file=no_file)


def test_the_harness_and_the_server_know_the_same_kinds() -> None:
    assert set(KINDS) == set(Kind)


def test_a_question_comes_back_as_it_was() -> None:
    line = QuestionLine(kind="mixed", request=REQUEST, query_id="7", due_seconds=1.25)
    assert parse_line(question_json(line).encode(), read_file=no_file) == line


def test_a_picture_may_lie_in_a_file_of_its_own() -> None:
    line = QuestionLine(kind="mixed", request=REQUEST)
    written = question_json(line, name_file=lambda content, data: f"{content}-{len(data)}.jpg")
    part = json.loads(written)["request"]["query"][1]
    assert part == {"image_file": "image-11.jpg", "weight": -0.3}
    assert parse_line(written.encode(), read_file={"image-11.jpg": PICTURE}.__getitem__) == line


def test_what_was_not_kept_has_its_size() -> None:
    request = pb.SearchProductsRequest(
        parent="catalogs/shop", query=[pb.QueryPart(text="mug"), pb.QueryPart()]
    )
    absent = Absent(part=1, content="image", size=48_211, width=800, height=600)
    line = QuestionLine(kind="mixed", request=request, absent=(absent,))
    part = json.loads(question_json(line))["request"]["query"][1]
    assert part == {"image_absent": {"size": 48_211, "width": 800, "height": 600}}
    assert parse_line(question_json(line).encode(), read_file=no_file) == line


def test_the_header_and_the_end_come_back_as_they_were() -> None:
    header = Header(name="shop", catalog="shop", data="ab" * 32, made_at="2026", how="drawn")
    assert parse_header(header_json(header).encode()) == header
    end = EndLine(recorded=3, dropped=1)
    assert parse_line(end_json(end).encode(), read_file=no_file) == end


GOOD: dict[str, object] = {
    "kind": "text",
    "request": {"parent": "catalogs/shop", "query": [{"text": "mug"}]},
}


def with_part(**part: object) -> dict[str, object]:
    return GOOD | {"request": {"query": [part]}}


@pytest.mark.parametrize(
    ("document", "reason", "said"),
    [
        ([], "LINE_NOT_OBJECT", "not an object"),
        (GOOD | {"due": 1}, "FIELD_UNKNOWN", "'due' is no field; take due_seconds, kind"),
        (GOOD | {"kind": "song"}, "KIND_UNKNOWN", 'kind is "song"; write one of text, picture'),
        ({"kind": "text"}, "REQUEST_INVALID", "must be an object"),
        (GOOD | {"query_id": 7}, "QUERY_ID_INVALID", "must be text"),
        (GOOD | {"request": {"words": "mug"}}, "REQUEST_INVALID", 'no field named "words"'),
        (GOOD | {"request": {"query": ["mug"]}}, "REQUEST_INVALID", "request is no search"),
        (GOOD | {"request": {"page_token": "x"}}, "PAGE_TOKEN_KEPT", "leave it out"),
        (with_part(image="a%b="), "NOT_BASE64", "image is not base64"),
        (with_part(image_file=3), "FILE_NAME_INVALID", "image_file must be a path"),
        (with_part(image_file="a.jpg"), "FILE_NOT_FOUND", "a.jpg"),
        (with_part(image_absent=3), "ABSENT_INVALID", "an object with a size"),
        (with_part(image_absent={"size": -1}), "NUMBER_INVALID", "width must be a whole number"),
        (GOOD | {"due_seconds": -0.5}, "DUE_INVALID", "due_seconds is -0.5; write seconds from 0"),
        (GOOD | {"due_seconds": True}, "DUE_INVALID", "due_seconds is true"),
        (GOOD | {"due_seconds": 10**400}, "DUE_INVALID", "write seconds from 0"),
        ({"end": {"recorded": 1}}, "NUMBER_INVALID", "dropped must be a whole number"),
    ],
)
def test_a_line_that_is_none_is_refused(document: object, reason: str, said: str) -> None:
    with pytest.raises(LineRefused) as caught:
        parsed(document)
    assert (caught.value.reason, said in caught.value.description) == (reason, True), caught.value


@pytest.mark.parametrize(
    ("raw", "reason", "said"),
    [
        (b'{"kind": ', "LINE_NOT_JSON", "not JSON at column 10"),
        (b'{"kind": "\xff"}', "LINE_NOT_UTF8", "byte 11 is not UTF-8"),
        (b'{"due_seconds": NaN, "kind": "text", "request": {}}', "DUE_INVALID", "is NaN"),
        (b"[" * 100_000, "LINE_NOT_JSON", "nests too deep"),
    ],
)
def test_bytes_that_are_no_line_are_refused(raw: bytes, reason: str, said: str) -> None:
    with pytest.raises(LineRefused) as caught:
        parse_line(raw, read_file=no_file)
    assert (caught.value.reason, said in caught.value.description) == (reason, True), caught.value


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"text,lang", "not JSON"),
        (b'{"kind": "text"}', "its format is null"),
        (b'{"format": "omnishelf.workload/2"}', 'its format is "omnishelf.workload/2"'),
        (b'{"format": "omnishelf.workload/1", "name": 3}', "name must be text"),
    ],
)
def test_a_first_line_that_is_no_header_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(LineRefused, match="the first line must be a header") as caught:
        parse_header(raw)
    assert caught.value.reason == "WORKLOAD_HEADER"
    assert said in caught.value.description


def test_the_example_of_the_docstring_is_one() -> None:
    line = parse_line(
        b'{"kind": "mixed", "request": {"parent": "catalogs/shop", "query": [{"text": "in red"}, '
        b'{"image_file": "shop.pictures/9f2c.jpg"}]}, "query_id": "7", "due_seconds": 0.25}',
        read_file={"shop.pictures/9f2c.jpg": PICTURE}.__getitem__,
    )
    assert isinstance(line, QuestionLine)
    assert [part.WhichOneof("content") for part in line.request.query] == ["text", "image"]
