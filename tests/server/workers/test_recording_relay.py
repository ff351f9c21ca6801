"""What a worker was asked is said to its supervisor, in pieces."""

from server.workers.messages import Message, SearchesAsked
from server.workers.recording_relay import RecordingRelay
from server.workload.keeper import RecordingCounts


def test_searches_are_said_some_at_a_time() -> None:
    said: list[Message] = []
    relay = RecordingRelay(said.append)
    noted = [(float(each), "{}") for each in range(250)]
    relay.take(noted, dropped=3)
    asked = [each for each in said if isinstance(each, SearchesAsked)]
    assert [len(each.noted) for each in asked] == [100, 100, 50, 0]
    assert [pair for each in asked for pair in each.noted] == noted
    assert sum(each.dropped for each in asked) == 3


def test_who_was_asked_nothing_says_nothing_and_counts_nothing() -> None:
    said: list[Message] = []
    relay = RecordingRelay(said.append)
    relay.take([])
    relay.close()
    assert said == []
    assert relay.counts() == RecordingCounts(recorded=0, dropped=0)
