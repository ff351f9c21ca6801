"""One recording of several workers: in one order, bounded, and counted."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from server.errors import AlreadyInUse
from server.workers.group_recording import GroupRecording
from server.workers.messages import SearchesAsked
from server.workload.keeper import Noted
from server.workload.ordered_recording import OrderedRecording
from server.workload.reading import WorkloadReader

MINUTES = 300.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.jsonl"


def asked(*words: str, came: float, dropped: int = 0) -> SearchesAsked:
    line = '{{"kind": "text", "request": {{"query": [{{"text": "{}"}}]}}}}'
    noted = tuple((came + place, line.format(each)) for place, each in enumerate(words))
    return SearchesAsked(noted=noted, dropped=dropped)


def counted(recording: GroupRecording) -> dict[str, float]:
    return {each.name: each.samples[0].value for each in recording.families()}


def test_two_workers_are_one_recording(path: Path) -> None:
    recording = GroupRecording(path, settle_seconds=MINUTES)
    begun = time.monotonic()
    recording.take(asked("first", "third", came=begun))
    recording.take(asked("second", "fourth", came=begun + 0.5, dropped=2))
    with pytest.raises(AlreadyInUse):
        GroupRecording(path)
    recording.close()
    reader = WorkloadReader(path=path)
    words = [line.request.query[0].text for line in reader]
    assert words == ["first", "second", "third", "fourth"]
    assert reader.dropped == 2
    assert counted(recording) == {"omnishelf_workload_recorded": 4, "omnishelf_workload_dropped": 0}


def test_a_disk_that_does_not_answer_costs_the_recording_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, free = threading.Event(), threading.Event()
    take = OrderedRecording.take

    def slow(self: OrderedRecording, noted: Sequence[Noted], *, dropped: int = 0) -> None:
        stuck.set()
        assert free.wait(60)
        take(self, noted, dropped=dropped)

    monkeypatch.setattr(OrderedRecording, "take", slow)
    recording = GroupRecording(path, waiting=1)
    assert stuck.wait(60)  # on the disk, with nothing of ours
    for words in ("kept", "lost"):
        recording.take(asked(words, came=time.monotonic()))
    free.set()
    recording.close()
    reader = WorkloadReader(path=path)
    assert [line.request.query[0].text for line in reader] == ["kept"]
    assert reader.dropped == 1
    assert counted(recording) == {"omnishelf_workload_recorded": 1, "omnishelf_workload_dropped": 1}
