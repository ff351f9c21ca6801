from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from server.catalog import database
from server.catalog.store import Store
from server.errors import Unavailable


@pytest.fixture
def other(store: Store, store_url: str) -> Iterator[Store]:
    """The same store, opened by another process."""
    opened = Store(store_url)
    yield opened
    opened.close()


def test_one_process_at_a_time_is_alone(store: Store, other: Store) -> None:
    entered = threading.Event()

    def enter() -> None:
        with other.database.alone(7):
            entered.set()

    thread = threading.Thread(target=enter, daemon=True)
    with store.database.alone(7):
        with other.database.alone(8):  # another number is another block
            pass
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(60)
    thread.join()


def test_who_waits_too_long_is_told(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 50)
    with store.database.alone(7), pytest.raises(Unavailable), other.database.alone(7):
        pass
    with other.database.alone(7):
        pass


def test_a_block_that_fails_lets_the_next_one_in(store: Store, other: Store) -> None:
    with pytest.raises(KeyError), store.database.alone(7):
        raise KeyError
    with other.database.alone(7), other.database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
