"""Finds out, while a round runs, that the server is gone: refused calls, and nothing listens."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from benchmarks.load.target import Target

_BETWEEN_LOOKS_SECONDS = 0.1


@runtime_checkable
class Listening(Protocol):
    """A target that can say whether something is there."""

    def listens(self) -> bool:
        """Whether something accepts connections; may take a second."""


class Lookout:
    """Looks, in a thread of its own, whether the target still listens after a refused call.

    `UNAVAILABLE` alone says nothing: a server that runs answers it too, and of several processes
    behind one port one may end. A target that cannot say whether it listens is never gone.
    """

    def __init__(self, target: Target) -> None:
        self._target = target if isinstance(target, Listening) else None
        self._worried = threading.Event()
        self._over = threading.Event()
        self.gone = False
        self._thread = threading.Thread(target=self._look, name="lookout", daemon=True)

    def worry(self) -> None:
        """Say that a call ended as if nobody were there; returns at once."""
        self._worried.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._worried.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self._worried.wait()
            if self._over.is_set() or self._target is None:
                return
            self._worried.clear()
            if not self._target.listens():
                self.gone = True
                return
            if self._over.wait(_BETWEEN_LOOKS_SECONDS):
                return
