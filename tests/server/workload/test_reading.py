"""A workload file read whole: everything that is wrong with it, and nothing run of it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from server.errors import InvalidRequest
from server.workload.line import EndLine, Header, end_json, header_json
from server.workload.reading import MOST_TOLD, WorkloadReader

HEADER = header_json(Header(name="shop"))


def line(due: float | None = None, **fields: object) -> str:
    document = {"kind": "text", "request": {"query": [{"text": "mug"}]}} | fields
    return json.dumps(document if due is None else document | {"due_seconds": due})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.jsonl"


def written(path: Path, lines: Sequence[str]) -> WorkloadReader:
    path.write_text("\n".join(lines), "utf-8")
    return WorkloadReader(path=path)


def refused(reader: WorkloadReader) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        reader.check()
    return [(each.field, each.reason) for each in caught.value.violations]


def test_questions_come_in_order_and_losses_are_counted(path: Path) -> None:
    end = end_json(EndLine(recorded=1, dropped=2))
    reader = written(path, [HEADER, line(0.5), end, "", line(0.5), line(3), end])
    assert [each.due_seconds for each in reader] == [0.5, 0.5, 3.0]
    assert reader.dropped == 4
    assert reader.check() == 3, "it can be read again"
    assert reader.dropped == 4
    assert reader.header.name == "shop"


def test_a_file_without_questions_is_refused(path: Path) -> None:
    assert refused(written(path, [HEADER, ""])) == [(str(path), "WORKLOAD_EMPTY")]
    assert refused(written(path, [""])) == [(str(path), "WORKLOAD_EMPTY")]


def test_a_file_that_is_not_there_or_none_is_refused(path: Path) -> None:
    reader = WorkloadReader(path=path)
    assert refused(reader) == [(str(path), "WORKLOAD_NOT_FOUND")]
    path.mkdir()
    assert refused(reader) == [(str(path), "WORKLOAD_UNREADABLE")]


def test_a_file_without_a_header_is_refused(path: Path) -> None:
    assert refused(written(path, [line()])) == [(f"{path}, line 1", "WORKLOAD_HEADER")]


def test_every_bad_line_is_named_with_its_number(path: Path) -> None:
    lines = [HEADER, line(), "{", line(), line(kind="song"), line(query_id=3)]
    assert refused(written(path, lines)) == [
        (f"{path}, line 3", "LINE_NOT_JSON"),
        (f"{path}, line 5", "KIND_UNKNOWN"),
        (f"{path}, line 6", "QUERY_ID_INVALID"),
    ]


def test_at_most_twenty_bad_lines_are_told(path: Path) -> None:
    told = refused(written(path, [HEADER, *["{"] * 30]))
    assert len(told) == MOST_TOLD == 20
    assert told[-1] == (f"{path}, line 21", "LINE_NOT_JSON")


def test_a_due_time_never_falls(path: Path) -> None:
    told = refused(written(path, [HEADER, line(1), line(2), line(1.5), line(1.75), line(2)]))
    assert told == [(f"{path}, line 4", "DUE_FALLS"), (f"{path}, line 5", "DUE_FALLS")]


@pytest.mark.parametrize("dues", [(1, None), (None, 1)])
def test_all_lines_are_due_or_none_is(path: Path, dues: tuple[float | None, ...]) -> None:
    assert refused(written(path, [HEADER, *map(line, dues)])) == [
        (f"{path}, line 3", "DUE_MISSING")
    ]


def test_files_are_read_from_the_workloads_folder_alone(path: Path) -> None:
    (path.parent / "media").mkdir()
    (path.parent / "media" / "a.jpg").write_bytes(b"picture")
    (path.parent.parent / "outside.jpg").write_bytes(b"secret")

    def with_file(name: str) -> str:
        return line(kind="picture", request={"query": [{"image_file": name}]})

    (found,) = written(path, [HEADER, with_file("media/a.jpg")])
    assert found.request.query[0].image == b"picture"
    names = ["media/b.jpg", "../outside.jpg", str(path.parent.parent / "outside.jpg"), "media"]
    told = refused(written(path, [HEADER, *map(with_file, names)]))
    assert [reason for _, reason in told] == [
        "FILE_NOT_FOUND",
        "FILE_OUTSIDE",
        "FILE_OUTSIDE",
        "FILE_NOT_FOUND",
    ]
