from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from server.catalog.changes import Change, ChangeKind
from server.catalog.following import ChangeFollower
from server.catalog.store import Store
from server.errors import Unavailable


@dataclass
class Taken:
    """What a handler was told, and how often it was told to load everything."""

    keys: list[list[str]] = field(default_factory=list)
    reloads: int = 0
    failures: int = 0
    told: threading.Event = field(default_factory=threading.Event)

    def take(self, changes: Sequence[Change]) -> None:
        self.keys.append([each.key for each in changes])
        if self.failures:
            self.failures -= 1
            raise Unavailable("the part is away")
        self.told.set()

    def reload(self) -> None:
        self.reloads += 1


@pytest.fixture
def other(store_url: str, store: Store) -> Iterator[Store]:
    """The same store, opened by another replica."""
    opened = Store(store_url)
    yield opened
    opened.close()


def note(store: Store, *keys: str, kind: ChangeKind = ChangeKind.PRODUCTS) -> None:
    with store.database.write() as connection:
        store.changes.note(connection, kind, catalog="shop", keys=keys)


def follower(store: Store, taken: Taken, **options: float) -> ChangeFollower:
    made = ChangeFollower(store.changes, **options)
    made.on(ChangeKind.PRODUCTS, taken.take, reload=taken.reload)
    return made


def test_a_handler_hears_of_its_kind_of_others_and_of_new_changes(
    store: Store, other: Store
) -> None:
    note(other, "before")
    taken = Taken()
    following = follower(store, taken)
    note(other, "a", "b")
    note(other, "r", kind=ChangeKind.RULES)
    note(store, "own")

    assert following.look() == 4
    assert following.look() == 0
    note(other, "c")
    assert following.look() == 1

    assert (taken.keys, taken.reloads) == ([["a", "b"], ["c"]], 0)


def test_a_handler_that_fails_is_asked_again_with_what_is_new(store: Store, other: Store) -> None:
    taken = Taken(failures=1)
    following = follower(store, taken)
    note(other, "a")
    with pytest.raises(Unavailable):
        following.look()
    note(other, "b")

    following.look()

    assert taken.keys == [["a"], ["a", "b"]]


def test_who_missed_changes_loads_everything(store: Store, other: Store) -> None:
    taken = Taken()
    following = follower(store, taken)
    note(other, "a")
    other.changes.forget(before_seconds=time.time() + 60)

    following.look()
    note(other, "b")
    following.look()

    assert (taken.reloads, taken.keys) == (1, [["b"]])


def test_a_thread_follows_within_a_second_and_outlives_failures(store: Store, other: Store) -> None:
    taken = Taken(failures=2)
    following = follower(store, taken, poll_seconds=0.02)
    following.start()
    note(other, "a")
    assert taken.told.wait(60)
    following.close()
    following.close()

    assert taken.keys == [["a"]] * 3
    note(other, "b")
    assert taken.keys == [["a"]] * 3
