from __future__ import annotations

import itertools
from pathlib import Path

from omnishelf.v1 import feedback_service_pb2 as pb

from benchmarks import feedback
from server.rpc.validate_feedback import read_events


def test_calls_are_full_of_new_events_that_are_right() -> None:
    ids = set[str]()
    for seed in (1, 2):
        for payload in itertools.islice(feedback.requests(50, seed=seed), 3):
            request = pb.RecordEventsRequest.FromString(payload)
            now = max(each.time.seconds for each in request.events)
            read = read_events(request, now_seconds=now, keep_days=1)
            assert not read.refused
            ids |= {each.event_id for each in read.events}

    assert len(ids) == 2 * 3 * 50


def test_a_real_server_records_what_is_measured(tmp_path: Path) -> None:
    with feedback.serving(f"sqlite:///{tmp_path / 'events.db'}") as (address, used):
        figures = feedback.measured(address, used, size=10, seconds=0.2)

    assert figures["events_per_second"] > 0
    assert figures["server_microseconds_an_event"] > 0
    assert figures["p50_ms"] <= figures["p99_ms"]
