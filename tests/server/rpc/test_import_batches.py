import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from omnishelf.v1 import product_pb2
from omnishelf.v1 import product_service_pb2 as pb

from server.rpc import import_batches
from server.rpc.import_batches import ImportBatches


def _request(row: int, *, data: int = 0) -> pb.ImportProductsRequest:
    image = product_pb2.Image(data=bytes(data))
    return pb.ImportProductsRequest(row=row, product=product_pb2.Product(images=[image]))


def _rows(batch: list[pb.ImportProductsRequest]) -> list[int]:
    return [request.row for request in batch]


class Sender:
    """A stream whose messages are sent one by one; counts those that were taken."""

    def __init__(self) -> None:
        self._sent: list[pb.ImportProductsRequest] = []
        self._allowed = threading.Semaphore(0)
        self._ended = False
        self.taken = 0

    def send(self, *requests: pb.ImportProductsRequest) -> None:
        self._sent.extend(requests)
        self._allowed.release(len(requests))

    def end(self) -> None:
        self._ended = True
        self._allowed.release()

    def __iter__(self) -> Iterator[pb.ImportProductsRequest]:
        return self

    def __next__(self) -> pb.ImportProductsRequest:
        assert self._allowed.acquire(timeout=60)
        if self.taken == len(self._sent) and self._ended:
            raise StopIteration
        self.taken += 1
        return self._sent[self.taken - 1]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause of the sender ends a batch."""
    monkeypatch.setattr(import_batches, "LINGER_SECONDS", 60)


@pytest.mark.usefixtures("patient")
def test_a_fast_sender_gets_full_batches() -> None:
    with ImportBatches(_request(row) for row in range(150)) as batches:
        assert [_rows(batch) for batch in batches] == [
            list(range(64)), list(range(64, 128)), list(range(128, 150)),
        ]  # fmt: skip


def test_a_sender_that_waits_for_statuses_gets_them() -> None:
    sender = Sender()
    with ImportBatches(sender) as batches:
        found = iter(batches)
        sender.send(_request(1), _request(2))
        # One batch, unless the reader stands still between the two: the sender waits, all the same.
        rows = _rows(next(found))
        rows += _rows(next(found)) if rows == [1] else []
        assert rows == [1, 2]
        sender.send(_request(3))
        assert _rows(next(found)) == [3]
        sender.end()
        assert next(found, None) is None


@pytest.mark.usefixtures("patient")
def test_a_batch_ends_where_its_bytes_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_batches, "MOST_BYTES", 3_000)
    requests = [_request(row, data=2_000) for row in range(3)]
    with ImportBatches(requests) as batches:
        assert [_rows(batch) for batch in batches] == [[0, 1], [2]]


@pytest.mark.usefixtures("patient")
def test_no_more_than_one_batch_is_read_ahead() -> None:
    sender = Sender()
    sender.send(*[_request(row) for row in range(400)])
    with ImportBatches(sender) as batches:
        found = iter(batches)
        first = next(found)
        # One batch handed out, one waiting, and the message in the reader's hand.
        ahead = len(first) + import_batches.MOST_PRODUCTS + 1
        _settled(sender, at_least=ahead)
        assert sender.taken == ahead
        sender.end()
        assert sum(len(batch) for batch in found) == 400 - len(first)


def test_an_empty_stream_has_no_batches() -> None:
    with ImportBatches([]) as batches:
        assert list(batches) == []


def test_a_caller_that_leaves_ends_the_batches() -> None:
    def requests() -> Iterator[pb.ImportProductsRequest]:
        yield _request(1)
        raise grpc.RpcError

    with ImportBatches(requests()) as batches:
        assert [_rows(batch) for batch in batches] == [[1]]


def test_a_handler_that_leaves_lets_the_reader_go() -> None:
    sender = Sender()
    sender.send(*[_request(row) for row in range(400)])
    with ImportBatches(sender) as batches:
        next(iter(batches))
    assert _ends("import-reader")


def _settled(sender: Sender, *, at_least: int) -> None:
    """Wait until so many were taken, and then until twenty looks in a row see the same."""
    until = time.monotonic() + 60
    same, before = 0, -1
    while same < 20:
        assert time.monotonic() < until
        time.sleep(0.01)
        same = same + 1 if sender.taken == before >= at_least else 0
        before = sender.taken


def _ends(name: str) -> bool:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(60)
            if thread.is_alive():
                return False
    return True
