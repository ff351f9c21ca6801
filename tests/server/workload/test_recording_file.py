"""A recording's file: whose it is, how it is taken up again, and that it is never torn."""

import datetime as dt
import os
import stat
from pathlib import Path

import pytest

from server.errors import AlreadyInUse, InvalidRequest
from server.workload.line import EndLine, Header, end_json, header_json
from server.workload.reading import WorkloadReader
from server.workload.recording_file import RecordingFile

SEARCH = '{"kind": "text", "request": {"query": [{"text": "mug"}]}, "due_seconds": %s}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.jsonl"


def test_a_new_file_has_a_header_and_is_its_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        file = RecordingFile(path)
    finally:
        os.umask(before)
    file.append([SEARCH % 1])
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader = WorkloadReader(path=path)
    assert reader.check() == 1
    assert reader.header.name == "shop"
    assert "redacted" in reader.header.how


def test_due_times_never_fall(path: Path) -> None:
    file = RecordingFile(path)
    assert [file.due(each) for each in (0.5, 2.0, 1.0, 3.0)] == [0.5, 2.0, 2.0, 3.0]
    file.close()


def test_a_recording_is_taken_up_at_the_time_it_was_left(path: Path) -> None:
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    lines = [header_json(Header(made_at=begun.isoformat())), SEARCH % 5, SEARCH % 7]
    path.write_text("\n".join([*lines, end_json(EndLine(recorded=2, dropped=0)), ""]))
    file = RecordingFile(path)
    assert 3_600 <= file.due(0.0) < 3_700
    file.append([SEARCH % file.due(2.0)])
    file.close()
    assert WorkloadReader(path=path).check() == 3


def test_a_clock_that_was_set_back_lets_no_due_time_fall(path: Path) -> None:
    begun = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    path.write_text(f"{header_json(Header(made_at=begun.isoformat()))}\n{SEARCH % 7}\n")
    file = RecordingFile(path)
    assert file.due(0.25) == 7.25
    file.close()


def test_a_torn_last_line_is_cut_off(path: Path) -> None:
    RecordingFile(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole + (SEARCH % 1).encode() + b"\n" + b'{"kind": "te')
    file = RecordingFile(path)
    file.append([SEARCH % file.due(2.0)])
    file.close()
    assert WorkloadReader(path=path).check() == 2


def test_a_file_that_is_no_recording_is_refused_and_left_alone(path: Path) -> None:
    made_at = "2026-01-01T00:00:00+00:00"
    drawn = '{"kind": "text", "request": {}}'
    for content in (
        "shopping list: milk",
        "a,b\n1,2\n",
        "a,b\n1,2",
        header_json(Header(made_at=made_at)),
        f"{header_json(Header(made_at=made_at))}\n{drawn}\n{drawn}",
        f"{header_json(Header(made_at=made_at))}\n{drawn}\n",
        f"{header_json(Header(made_at='yesterday'))}\n",
        f"{header_json(Header(made_at=made_at))}\nmilk\n",
    ):
        path.write_text(content)
        with pytest.raises(
            InvalidRequest, match=r"shop\.jsonl: .* name a new file|Name a new file|last line"
        ):
            RecordingFile(path)
        assert path.read_text() == content


def test_what_is_no_file_is_refused(path: Path) -> None:
    for wrong in (path.parent, path / "below", Path("/dev/null")):
        with pytest.raises(InvalidRequest) as caught:
            RecordingFile(wrong)
        assert caught.value.reason == "RECORDING_NOT_WRITABLE"


def test_two_servers_do_not_share_a_file(path: Path) -> None:
    first = RecordingFile(path)
    with pytest.raises(AlreadyInUse, match="another server records to"):
        RecordingFile(path)
    first.close()
    RecordingFile(path).close()


def test_lines_are_written_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordingFile(path)
    size = path.stat().st_size
    write = os.write

    def disk_is_full(descriptor: int, data: bytes | memoryview) -> int:
        if len(data) > 10:
            return write(descriptor, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", disk_is_full)
    with pytest.raises(OSError, match="No space"):
        file.append(["x" * 15])
    monkeypatch.undo()
    assert path.stat().st_size == size
    file.append([SEARCH % 1])
    file.close()
    assert WorkloadReader(path=path).check() == 1
