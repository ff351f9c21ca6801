"""Batches of an import stream: full ones from a fast sender, what is there from one who waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import Self

import grpc
from omnishelf.v1 import product_service_pb2 as pb

MOST_PRODUCTS = 64
MOST_BYTES = 32 * 2**20
LINGER_SECONDS = 0.05


class ImportBatches:
    """Reads a stream one batch ahead of the writer, and no further.

    A batch ends at `MOST_PRODUCTS` products or `MOST_BYTES` bytes, when the stream ends, or when
    the sender pauses for `LINGER_SECONDS`: a sender may wait for statuses before it goes on. While
    a batch is written the next is read; then the sender is held back by gRPC's flow control.
    """

    def __init__(self, requests: Iterable[pb.ImportProductsRequest]) -> None:
        self._requests = requests
        self._waiting: deque[pb.ImportProductsRequest] = deque()
        self._waiting_bytes = 0
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="import-reader", daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[list[pb.ImportProductsRequest]]:
        """Non-empty batches until the stream ends."""
        while batch := self._next():
            yield batch

    def _next(self) -> list[pb.ImportProductsRequest]:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._waiting)
            while not self._ended and not self._full():
                held = len(self._waiting)
                if not self._changed.wait_for(partial(self._more_than, held), LINGER_SECONDS):
                    break
            batch = list(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0
            self._changed.notify_all()
            return batch

    def _more_than(self, held: int) -> bool:
        return self._ended or len(self._waiting) > held

    def _full(self) -> bool:
        return len(self._waiting) >= MOST_PRODUCTS or self._waiting_bytes >= MOST_BYTES

    def _read(self) -> None:
        try:
            for request in self._requests:
                with self._changed:
                    self._changed.wait_for(lambda: self._ended or not self._full())
                    if self._ended:
                        return
                    self._waiting.append(request)
                    self._waiting_bytes += request.ByteSize()
                    self._changed.notify_all()
        except grpc.RpcError:
            # The caller left: gRPC says so to the handler itself.
            return
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
