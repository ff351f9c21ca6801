"""Histories are kept for their time, and no longer, whatever happens while they are read."""

from __future__ import annotations

import pytest

from server.persons.event_cache import EventCache, Whose

ANN = Whose(catalog="shop", user="ann", session="")
BOB = Whose(catalog="shop", user="bob", session="")
EVE = Whose(catalog="shop", user="eve", session="")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Reader:
    """Gives the number of its calls, as a text so long."""

    reads = 0

    def __call__(self) -> str:
        self.reads += 1
        return "." * self.reads


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> EventCache[str]:
    return EventCache(entries=2, seconds=1.0, clock=clock)


def test_read_once_within_its_time(cache: EventCache[str], clock: Clock) -> None:
    read = Reader()
    lengths = []
    for now in (100.0, 100.9, 101.0, 101.5):
        clock.now = now
        lengths.append(len(cache.get(ANN, read)))
    assert lengths == [1, 1, 2, 2]


def test_histories_do_not_mix(cache: EventCache[str]) -> None:
    ann, bob = Reader(), Reader()
    bob()
    assert [len(cache.get(*each)) for each in ((ANN, ann), (BOB, bob), (ANN, ann))] == [1, 2, 1]


def test_the_oldest_goes_first(cache: EventCache[str]) -> None:
    ann, bob, eve = Reader(), Reader(), Reader()
    for each in ((ANN, ann), (BOB, bob), (EVE, eve), (BOB, bob), (ANN, ann)):
        cache.get(*each)
    assert (ann.reads, bob.reads, eve.reads) == (2, 1, 1)
    assert len(cache) == 2


def test_what_is_over_its_time_is_not_held(cache: EventCache[str], clock: Clock) -> None:
    cache.get(ANN, Reader())
    clock.now += 2
    cache.get(BOB, Reader())
    assert len(cache) == 1


def test_what_was_heard_of_is_read_anew(cache: EventCache[str]) -> None:
    ann, bob = Reader(), Reader()
    cache.get(ANN, ann)
    cache.get(BOB, bob)
    cache.heard(ANN)
    cache.heard(EVE)
    cache.get(ANN, ann)
    cache.get(BOB, bob)
    assert (ann.reads, bob.reads) == (2, 1)


@pytest.mark.parametrize("disturbed_by", ["drop", "heard"])
def test_what_was_being_read_is_not_kept(cache: EventCache[str], disturbed_by: str) -> None:
    read = Reader()

    def disturbed() -> str:
        found = read()
        if disturbed_by == "drop":
            cache.drop()
        else:
            cache.heard(ANN)
        return found

    cache.get(ANN, disturbed)
    assert len(cache) == 0


def test_an_error_passes_and_leaves_nothing(cache: EventCache[str]) -> None:
    def fail() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        cache.get(ANN, fail)
    assert len(cache) == 0
    assert len(cache.get(ANN, Reader())) == 1
