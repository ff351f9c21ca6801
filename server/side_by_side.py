"""Opens parts in threads of their own, and closes them with those that were opened one by one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Generic, TypeVar

Part = TypeVar("Part")

_THREADS = 4


class Opening(Generic[Part]):
    """A part on its way."""

    def __init__(self, opened: Future[Part], *, own: ExitStack, closing: ExitStack) -> None:
        """Made by `SideBySide.open`."""
        self._opened = opened
        self._own = own
        self._closing = closing

    def take(self) -> Part:
        """The part, once it is open; from now on it is closed after what is opened later.

        Raises what opening it raised.
        """
        part = self._opened.result()
        self._closing.push(self._own.pop_all())
        return part


class SideBySide:
    """Begins openings; what was not taken when ``closing`` is closed is closed last of all."""

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="opening")
        self._begun: list[tuple[Future[object], ExitStack]] = []
        closing.callback(self._close_rest)

    def open(self, make: Callable[[ExitStack], Part]) -> Opening[Part]:
        """Begin to open a part; ``make`` is given the stack to close it with."""
        own = ExitStack()
        opened = self._pool.submit(make, own)
        self._begun.append((opened, own))  # type: ignore[arg-type] # a Future is not covariant
        return Opening(opened, own=own, closing=self._closing)

    def _close_rest(self) -> None:
        self._pool.shutdown()
        wait([opened for opened, _ in self._begun])
        for _, own in self._begun:
            own.close()
