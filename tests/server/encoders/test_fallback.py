"""The fallback encoder over primaries that answer, are away, hang, and come back."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from server.deadline import Cancellation, Deadline
from server.encoders.breaker import Breaker
from server.encoders.cache import CachedEncoder, VectorCache
from server.encoders.fallback import PROBE_SECONDS, FallbackEncoder
from server.encoders.recorder import RequestRecorder
from server.errors import DeadlineExceeded, InvalidRequest, Unavailable, Violation
from server.stages import FallbackUsed
from tests.server.encoders.shelf_parts import SIDE, SmallEncoder, clock, manifest
from tests.server.encoders.test_breaker import Hands

SOON = 60.0
AWAY = FallbackUsed(stage="encode", used="in_process", reason="TRITON_UNREACHABLE")
LATE = FallbackUsed(stage="encode", used="in_process", reason="DEADLINE_EXCEEDED")


def away(_: Deadline) -> None:
    raise Unavailable("no Triton answers", reason="TRITON_UNREACHABLE")


def late(_: Deadline) -> None:
    """Fail as a client of a dead server does when the time given is over, without taking it."""
    raise DeadlineExceeded("no answer in time")


def made(
    *, twin: bool = True, hands: Hands | None = None
) -> tuple[FallbackEncoder, SmallEncoder, SmallEncoder]:
    primary, second = SmallEncoder(), SmallEncoder()
    breaker = Breaker(now=hands) if hands else None
    encoder = FallbackEncoder(primary, twin=second if twin else None, breaker=breaker)
    second.asked.clear()
    second.pictures.clear()
    return encoder, primary, second


def test_while_the_primary_answers_the_twin_rests() -> None:
    encoder, primary, twin = made()
    notes = clock()
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON), clock=notes)
    assert (primary.calls, twin.calls, notes.fallbacks) == (1, 0, [])
    assert encoder.away_reason() is None


@pytest.mark.parametrize("kind", ["texts", "pictures"])
def test_when_it_is_away_the_twin_answers_the_same_and_it_is_said(kind: str) -> None:
    encoder, primary, twin = made()
    primary.before = away
    notes = clock()
    if kind == "texts":
        found = encoder.encode_texts(["a", "b"], deadline=Deadline.after(SOON), clock=notes)
        expected = twin.encode_texts(["a", "b"], deadline=Deadline.never())
    else:
        pixels = np.ones((1, SIDE, SIDE, 3), np.uint8)
        found = encoder.encode_pictures(pixels, deadline=Deadline.after(SOON), clock=notes)
        expected = twin.encode_pictures(pixels, deadline=Deadline.never())
    assert (found == expected).all()
    assert notes.fallbacks == [AWAY]
    assert encoder.away_reason() == "TRITON_UNREACHABLE"


def test_after_a_failure_all_but_a_probe_go_to_the_twin_at_once() -> None:
    hands = Hands()
    encoder, primary, twin = made(hands=hands)
    primary.before = away
    for _ in range(5):
        notes = clock()
        encoder.encode_texts(["a"], deadline=Deadline.after(SOON), clock=notes)
        assert notes.fallbacks == [AWAY]
    assert (primary.calls, twin.calls) == (1, 5)
    hands.seconds += 0.11
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
    assert (primary.calls, twin.calls) == (2, 7)

    primary.before = None
    hands.seconds += 0.21
    notes = clock()
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON), clock=notes)
    assert (notes.fallbacks, encoder.away_reason()) == ([], None)
    assert (primary.calls, twin.calls) == (3, 7)


@pytest.fixture
def stands_still(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The clock of deadlines, which stands until it is moved."""
    hands = Hands()
    monkeypatch.setattr("server.deadline.time", SimpleNamespace(monotonic=hands))
    return hands


@pytest.mark.usefixtures("stands_still")
def test_a_primary_that_hangs_leaves_the_twin_time() -> None:
    encoder, primary, _ = made()
    shares: list[Deadline] = []

    def hang(share: Deadline) -> None:
        shares.append(share)
        late(share)

    primary.before = hang
    notes = clock()
    deadline = Deadline.after(SOON)
    encoder.encode_texts(["a"], deadline=deadline, clock=notes)
    # The twin needs hardly any time; what it has at the least is kept for it.
    assert deadline.at_seconds - shares[0].at_seconds > 0.004
    assert notes.fallbacks == [LATE]
    assert encoder.away_reason() == "DEADLINE_EXCEEDED"


def test_the_share_leaves_what_the_twin_needs(
    stands_still: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin takes 60 s for two texts by the clock here, so that 2 × 30 s are kept for it."""
    clocks = SimpleNamespace(perf_counter=stands_still)
    monkeypatch.setattr("server.encoders.fallback.time", clocks)
    primary, twin = SmallEncoder(), SmallEncoder()

    def slow(_: Deadline) -> None:
        stands_still.seconds += 60.0

    twin.before = slow
    encoder = FallbackEncoder(primary, twin=twin)
    shares: list[float] = []
    primary.before = lambda share: shares.append(share.remaining_seconds())
    encoder.encode_texts(["a"], deadline=Deadline.after(1_000.0))
    encoder.encode_texts(["a"], deadline=Deadline.after(20.0))
    encoder.encode_texts(["a"], deadline=Deadline.never())
    assert shares == pytest.approx([940.0, 10.0, float("inf")])


@pytest.mark.usefixtures("stands_still")
def test_a_caller_in_a_hurry_does_not_put_the_primary_away() -> None:
    encoder, primary, twin = made()
    primary.before = late
    notes = clock()
    # Before anything was measured the primary is thought to take 0.1 s: 0.1 s is no fair share.
    encoder.encode_texts(["a"], deadline=Deadline.after(0.1), clock=notes)
    assert notes.fallbacks == [LATE]
    assert encoder.away_reason() is None
    assert twin.calls == 1


def test_a_caller_who_has_left_decides_nothing() -> None:
    encoder, primary, twin = made()
    cancellation = Cancellation()
    deadline = Deadline.after(SOON, cancellation=cancellation)

    def leave(share: Deadline) -> None:
        cancellation.cancel()
        share.check("encoding")

    primary.before = leave
    with pytest.raises(DeadlineExceeded) as caught:
        encoder.encode_texts(["a"], deadline=deadline)
    assert caught.value.reason == "CALLER_LEFT"
    assert (encoder.away_reason(), twin.calls) == (None, 0)


def test_a_passed_deadline_is_the_callers() -> None:
    encoder, primary, twin = made()
    primary.before = lambda share: share.check("encoding")
    with pytest.raises(DeadlineExceeded):
        encoder.encode_texts(["a"], deadline=Deadline.after(0))
    assert (encoder.away_reason(), twin.calls) == (None, 0)


@pytest.mark.usefixtures("stands_still")
def test_without_a_twin_the_refusal_comes_in_time_and_then_at_once() -> None:
    hands = Hands()
    encoder, primary, _ = made(twin=False, hands=hands)
    shares: list[Deadline] = []

    def hang(share: Deadline) -> None:
        shares.append(share)
        late(share)

    primary.before = hang
    deadline = Deadline.after(SOON)
    with pytest.raises(Unavailable) as caught:
        encoder.encode_texts(["a"], deadline=deadline)
    assert caught.value.reason == "DEADLINE_EXCEEDED"
    assert deadline.at_seconds - shares[0].at_seconds > 0.004
    with pytest.raises(Unavailable, match="no twin"):
        encoder.encode_texts(["a"], deadline=deadline)
    assert primary.calls == 1


def test_what_is_wrong_with_a_request_says_nothing_of_the_primary() -> None:
    hands = Hands()
    encoder, primary, twin = made(hands=hands)

    def refuse(_: Deadline) -> None:
        raise InvalidRequest([Violation(field="texts[0]", reason="TEXT_EMPTY", description="")])

    primary.before = refuse
    with pytest.raises(InvalidRequest):
        encoder.encode_texts([""], deadline=Deadline.after(SOON))
    assert (encoder.away_reason(), twin.calls) == (None, 0)
    primary.before = away
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
    hands.seconds += 1
    primary.before = refuse
    for calls in (3, 4):
        with pytest.raises(InvalidRequest):
            encoder.encode_texts([""], deadline=Deadline.after(SOON))
        assert primary.calls == calls, "a probe without result holds nobody up"


def test_a_probe_waits_half_a_second_at_most() -> None:
    hands = Hands()
    encoder, primary, _ = made(hands=hands)
    primary.before = away
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
    hands.seconds += 1
    shares: list[float] = []
    primary.before = lambda share: shares.append(share.at_seconds)
    before = time.monotonic()
    encoder.encode_texts(["a"], deadline=Deadline.after(SOON))
    assert before <= shares[0] - PROBE_SECONDS <= time.monotonic()
    assert PROBE_SECONDS == 0.5


def test_what_is_cached_is_found_while_it_is_away_and_the_reply_says_so() -> None:
    inner, primary, twin = made()
    encoder = CachedEncoder(inner, cache=VectorCache(10_000), recorder=RequestRecorder())
    encoder.encode_texts(["known"], deadline=Deadline.after(SOON))
    primary.before = away
    encoder.encode_texts(["other"], deadline=Deadline.after(SOON))
    notes = clock()
    encoder.encode_texts(["known", "new"], deadline=Deadline.after(SOON), clock=notes)
    assert [each.used for each in notes.fallbacks] == ["cached_vectors", "in_process"]
    assert {each.reason for each in notes.fallbacks} == {"TRITON_UNREACHABLE"}
    assert twin.asked == [["other"], ["new"]]


def test_both_are_closed_and_must_be_of_one_bundle() -> None:
    encoder, primary, twin = made()
    encoder.close()
    assert (primary.closings, twin.closings) == (1, 1)
    with pytest.raises(ValueError, match="no twin"):
        FallbackEncoder(SmallEncoder(), twin=SmallEncoder(manifest("other")))
