"""Searches recorded beside their answers: bounded, and never in the way."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from server.workload.keeper import RecordingCounts
from server.workload.ordered_recording import OrderedRecording
from server.workload.reading import WorkloadReader
from server.workload.recorder import Recorder

MINUTES = 300.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.jsonl"


@contextmanager
def recording(path: Path, **settings: float) -> Iterator[Recorder]:
    recorder = Recorder(OrderedRecording(path), **settings)  # type: ignore[arg-type] # waiting is whole
    try:
        yield recorder
    finally:
        recorder.close()


def search(words: str) -> pb.SearchProductsRequest:
    return pb.SearchProductsRequest(parent="catalogs/shop", query=[pb.QueryPart(text=words)])


def recorded(path: Path) -> list[str]:
    return [line.request.query[0].text for line in WorkloadReader(path=path)]


def test_searches_are_written_in_the_order_they_came(path: Path) -> None:
    with recording(path, flush_seconds=MINUTES) as recorder:
        begun = time.monotonic()
        for words, after in (("third", 0.75), ("first", 0.25), ("second", 0.5)):
            recorder.note(search(words), arrived=begun + after)
    assert recorded(path) == ["first", "second", "third"]
    dues = [line.due_seconds or 0 for line in WorkloadReader(path=path)]
    assert dues[1] - dues[0] == pytest.approx(0.25, abs=1e-5)
    assert recorder.counts() == RecordingCounts(recorded=3, dropped=0)


def test_what_is_too_much_is_counted_and_said_at_the_end(path: Path) -> None:
    with recording(path, waiting=3, flush_seconds=MINUTES) as recorder:
        # The thread takes all that waits at once; it cannot while this holds its lock.
        with recorder._changed:
            for each in range(5):
                recorder.note(search(str(each)), arrived=time.monotonic())
        assert recorder.counts().dropped == 2
    assert recorded(path) == ["0", "1", "2"]
    reader = WorkloadReader(path=path)
    reader.check()
    assert reader.dropped == 2


def test_a_request_is_not_changed_and_its_picture_not_kept(path: Path) -> None:
    request = search("mug for ann@example.org")
    request.query.add(image=b"\xff\xd8 secret")
    with recording(path) as recorder:
        recorder.note(request, arrived=time.monotonic())
        request.query[0].text = "changed later"
    assert recorded(path) == ["mug for …"]
    assert b"secret" not in path.read_bytes()
    assert b"c2VjcmV0" not in path.read_bytes()


def test_many_threads_lose_nothing(path: Path) -> None:
    with recording(path, flush_seconds=0.01) as recorder:

        def ask(number: int) -> None:
            for each in range(50):
                recorder.note(search(f"{number}-{each}"), arrived=time.monotonic())

        threads = [threading.Thread(target=ask, args=(each,), daemon=True) for each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(recorded(path)) == sorted(f"{a}-{b}" for a in range(4) for b in range(50))


def test_closing_again_does_nothing(path: Path) -> None:
    recorder = Recorder(OrderedRecording(path))
    recorder.close()
    recorder.close()
    recorder.note(search("late"), arrived=time.monotonic())
    assert recorder.counts() == RecordingCounts(recorded=0, dropped=1)
