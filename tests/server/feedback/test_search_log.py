from __future__ import annotations

import threading
from collections.abc import Sequence

from server.errors import Unavailable
from server.feedback.search_log import SearchLog
from server.feedback.search_record import SearchRecord
from tests.server.feedback.search_parts import record

WAIT = 60.0


class Writer:
    """Keeps ids; it can be held up, and made to fail."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go, self.busy = threading.Event(), threading.Event()
        self.go.set()
        self.away = False

    def write(self, records: Sequence[SearchRecord]) -> None:
        self.busy.set()
        assert self.go.wait(WAIT)
        if self.away:
            raise Unavailable("the store is away", reason="STORE_UNAVAILABLE")
        self.batches.append([each.search_id for each in records])

    def ids(self) -> list[str]:
        return [each for batch in self.batches for each in batch]


def test_what_is_noted_is_written_in_order_and_in_batches() -> None:
    writer = Writer()
    log = SearchLog(writer)
    for place in range(450):
        log.note(record(str(place)))
    log.flush()

    assert writer.ids() == [str(place) for place in range(450)]
    assert max(map(len, writer.batches)) <= 200
    log.close()


def test_closing_writes_what_waits() -> None:
    writer = Writer()
    log = SearchLog(writer)
    log.note(record("a"))
    log.close()
    log.close()

    assert writer.ids() == ["a"]


def test_nobody_waits_for_a_store_that_hangs_and_the_loss_is_counted() -> None:
    writer, dropped = Writer(), [0]
    writer.go.clear()

    def count(number: int) -> None:
        dropped[0] += number

    log = SearchLog(writer, when_dropped=count, waiting=3)
    log.note(record("first"))
    assert writer.busy.wait(WAIT)
    for place in range(5):
        log.note(record(str(place)))

    assert dropped == [2]
    writer.go.set()
    log.close()
    assert writer.ids() == ["first", "0", "1", "2"]
    log.note(record("late"))
    assert dropped == [3]


def test_a_store_that_is_away_costs_what_was_noted_then_and_nothing_later() -> None:
    writer, lost = Writer(), list[int]()
    writer.away = True
    log = SearchLog(writer, when_dropped=lost.append)
    log.note(record("a"))
    log.flush()
    writer.away = False
    log.note(record("b"))
    log.flush()

    assert (lost, writer.ids()) == ([1], ["b"])
    log.close()


def test_flushing_waits_for_what_was_noted_before_and_not_for_what_comes_meanwhile() -> None:
    writer = Writer()
    log = SearchLog(writer)
    stop = threading.Event()

    def note_on() -> None:
        while not stop.is_set():
            log.note(record("later"))
            stop.wait(0.0001)

    noting = threading.Thread(target=note_on, daemon=True)
    log.note(record("before"))
    noting.start()
    log.flush()

    assert writer.ids()[0] == "before"
    stop.set()
    noting.join(WAIT)
    log.close()
    log.flush()
