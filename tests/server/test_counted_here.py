"""What this process counts reaches its own tables soon, whatever the store does meanwhile."""

import threading
from typing import Any

import pytest

from server.counted_here import CountedHere
from server.errors import Unavailable


class Counts:
    """Remembers what was taken up; fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.taken: list[str] = []
        self.failures = failures
        self.told = threading.Event()

    def take_up(self, catalog: str, *, all_of_them: bool = False) -> None:
        assert not all_of_them
        if self.failures:
            self.failures -= 1
            raise Unavailable("away", reason="STORE_AWAY")
        self.taken.append(catalog)
        self.told.set()


def _counted(counts: Counts, **options: float) -> CountedHere:
    any_counts: Any = counts
    any_find: Any = lambda name: None if name == "gone" else name  # noqa: E731 - a name is enough
    return CountedHere(any_counts, find=any_find, **options)


def test_each_catalog_is_taken_up_once() -> None:
    counts = Counts()
    counted = _counted(counts)
    for name in ["a", "b", "a", "gone"]:
        counted.note(name)
    counted.take_up()
    assert sorted(counts.taken) == ["a", "b"]
    counted.take_up()
    assert len(counts.taken) == 2
    counted.close()


def test_what_could_not_be_taken_up_waits() -> None:
    counts = Counts(failures=1)
    counted = _counted(counts)
    counted.note("a")
    counted.note("b")
    with pytest.raises(Unavailable):
        counted.take_up()
    counted.take_up()
    assert sorted(counts.taken) == ["a", "b"]


def test_a_thread_does_it_and_survives_a_store_that_is_away() -> None:
    counts = Counts(failures=2)
    counted = _counted(counts, every_seconds=0.01)
    counted.start()
    counted.note("a")
    assert counts.told.wait(60)
    counted.close()
    counted.close()
    assert counts.taken == ["a"]
