"""Calls that come at one time share one transaction, for what it costs is the wait for the disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Work, Outcome]):
    """Hands what waits to ``commit`` together. Any thread; needs no thread of its own.

    While one caller commits, others queue; the first of them to go on then commits for all that
    wait. ``commit`` gives one outcome for each work, in order, and an exception of it is that of
    every caller whose work it was given. Work is taken in order of arrival until its ``size`` comes
    to ``most``; the first is taken whatever its size.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Work]], Sequence[Outcome]],
        *,
        size: Callable[[Work], int],
        most: int,
    ) -> None:
        self._commit = commit
        self._size = size
        self._most: Final = most
        self._committing = threading.Lock()
        self._waiting: deque[tuple[Work, Future[Outcome]]] = deque()

    def submit(self, work: Work) -> Outcome:
        """Wait until the work is committed; its outcome."""
        future: Future[Outcome] = Future()
        self._waiting.append((work, future))
        with self._committing:
            while not future.done():
                self._commit_some()
        return future.result()

    def _commit_some(self) -> None:
        taken = [self._waiting.popleft()]
        size = self._size(taken[0][0])
        while self._waiting and (size := size + self._size(self._waiting[0][0])) <= self._most:
            taken.append(self._waiting.popleft())
        try:
            outcomes = self._commit([work for work, _ in taken])
        except BaseException as error:  # noqa: BLE001 - raised again in the callers' threads
            for _, future in taken:
                future.set_exception(error)
            return
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            future.set_result(outcome)
