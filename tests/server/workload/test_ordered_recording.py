"""Searches of one or many processes in one file: in order of arrival, and counted."""

import os
import time
from pathlib import Path

import pytest

from server.workload.keeper import Noted, RecordingCounts
from server.workload.ordered_recording import OrderedRecording
from server.workload.reading import WorkloadReader

MINUTES = 300.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.jsonl"


def search(words: str, *, came: float) -> Noted:
    return came, f'{{"kind": "text", "request": {{"query": [{{"text": "{words}"}}]}}}}'


def recorded(path: Path) -> list[str]:
    return [line.request.query[0].text for line in WorkloadReader(path=path)]


def test_searches_of_two_processes_are_written_in_the_order_they_came(path: Path) -> None:
    recording = OrderedRecording(path, settle_seconds=MINUTES)
    begun = time.monotonic()
    for brought in ([("second", 0.5), ("fourth", 1.0)], [("first", 0.25), ("third", 0.75)]):
        recording.take([search(words, came=begun + after) for words, after in brought])
    assert recording.counts() == RecordingCounts(recorded=0, dropped=0), "they are held back"
    recording.close()
    assert recorded(path) == ["first", "second", "third", "fourth"]
    dues = [line.due_seconds or 0 for line in WorkloadReader(path=path)]
    assert [each - dues[0] for each in dues] == pytest.approx([0, 0.25, 0.5, 0.75], abs=1e-5)
    assert recording.counts() == RecordingCounts(recorded=4, dropped=0)


def test_what_has_settled_is_written_and_the_rest_is_held(path: Path) -> None:
    recording = OrderedRecording(path, settle_seconds=MINUTES)
    now = time.monotonic()
    recording.take([search("new", came=now), search("old", came=now - 2 * MINUTES)])
    assert recorded(path) == ["old"]
    recording.close()
    assert recorded(path) == ["old", "new"]


def test_a_slow_search_is_written_after_one_that_came_later(path: Path) -> None:
    recording = OrderedRecording(path, settle_seconds=0.0)
    begun = time.monotonic()
    recording.take([search("quick", came=begun)])
    recording.take([search("slow", came=begun - 5.0)])
    recording.close()
    assert recorded(path) == ["quick", "slow"], "and its due time does not fall"


def test_what_is_too_much_to_hold_is_counted_and_said_at_the_end(path: Path) -> None:
    recording = OrderedRecording(path, settle_seconds=MINUTES, held=2)
    now = time.monotonic()
    recording.take([search("a", came=now)])
    recording.take([search(each, came=now + 1) for each in "bcd"], dropped=5)
    recording.close()
    assert recorded(path) == ["a", "b"]
    assert recording.counts() == RecordingCounts(recorded=2, dropped=2), "it lost two itself"
    reader = WorkloadReader(path=path)
    reader.check()
    assert reader.dropped == 7


def test_a_full_disk_costs_the_recording_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = OrderedRecording(path, settle_seconds=0.0)

    def full(_descriptor: int, _data: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        recording.take([search("lost", came=time.monotonic())])
    recording.take([search("kept", came=time.monotonic())])
    recording.close()
    assert recorded(path) == ["kept"]
    assert recording.counts() == RecordingCounts(recorded=1, dropped=1)
    assert "searches are not recorded" in capsys.readouterr().out
