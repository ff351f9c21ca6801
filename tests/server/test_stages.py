"""One measured time a stage, heard of once."""

from __future__ import annotations

import pytest

from server.stages import FallbackUsed, StageClock


class Listener:
    def __init__(self) -> None:
        self.stages: list[str] = []
        self.fallbacks: list[FallbackUsed] = []

    def stage(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.stages.append(name)

    def fallback(self, used: FallbackUsed) -> None:
        self.fallbacks.append(used)


def test_stages_keep_their_order_and_count_also_when_they_fail() -> None:
    listener = Listener()
    clock = StageClock(listener)
    with clock.stage("decode"):
        pass
    with pytest.raises(ValueError, match="broken"), clock.stage("encode"):
        raise ValueError("broken")
    assert list(clock.seconds) == ["decode", "encode"]
    assert listener.stages == ["decode", "encode"]


def test_a_fallback_is_noted_and_heard_of() -> None:
    listener = Listener()
    clock = StageClock(listener)
    clock.fall_back("rank", used="retrieval_order", reason="DEADLINE")
    expected = FallbackUsed(stage="rank", used="retrieval_order", reason="DEADLINE")
    assert clock.fallbacks == [expected]
    assert listener.fallbacks == [expected]
