"""A thread that follows the change log and tells the parts that hold copies in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from server.catalog.changes import KEPT_SECONDS, Change, ChangeKind, ChangeLog
from server.errors import OmnishelfError

POLL_SECONDS: Final = 0.25
"""Between two looks at the log: with the work itself, well under a second."""

_FORGET_EVERY_SECONDS: Final = 60.0

Handler = Callable[[Sequence[Change]], None]
"""Takes up changes of one kind, in order; those of this process are not among them."""


class ChangeFollower:
    """Follows the log from the moment it is made.

    A handler that raises `OmnishelfError` is asked again at the next look, with the same changes
    and any newer ones: taking a change up twice must do no harm.
    """

    def __init__(self, log: ChangeLog, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._log = log
        self._poll_seconds = poll_seconds
        self._handlers: dict[ChangeKind, Handler] = {}
        self._reload: list[Callable[[], None]] = []
        self._seen = log.latest()
        self._last_forgetting = time.monotonic()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def on(self, kind: ChangeKind, handler: Handler, *, reload: Callable[[], None]) -> None:
        """Have ``handler`` take changes of a kind up; ``reload`` loads all where some were missed.

        To be called before `start`.
        """
        self._handlers[kind] = handler
        self._reload.append(reload)

    def start(self) -> None:
        """Follow in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._follow, name="changes", daemon=True)
        self._thread.start()

    def look(self) -> int:
        """Take up what was written meanwhile; how many changes.

        Raises:
            OmnishelfError: the store does not answer, or a part could not take its changes up.
        """
        missed = self._log.since(self._seen)
        if missed.incomplete:
            latest = self._log.latest()
            for reload in self._reload:
                reload()
            self._seen = latest
            return 0
        others = [change for change in missed.changes if not change.own]
        for kind, handler in self._handlers.items():
            some = [change for change in others if change.kind is kind]
            if some:
                handler(some)
        if missed.changes:
            self._seen = missed.changes[-1].number
        return len(missed.changes)

    def close(self) -> None:
        """Stop following; again does nothing."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        failing = False
        while not self._closing.wait(self._poll_seconds):
            try:
                self.look()
                self._forget_sometimes()
                failing = False
            except OmnishelfError as error:
                if not failing:
                    structlog.get_logger().warning("changes not followed", reason=error.reason)
                failing = True

    def _forget_sometimes(self) -> None:
        if time.monotonic() - self._last_forgetting >= _FORGET_EVERY_SECONDS:
            self._last_forgetting = time.monotonic()
            self._log.forget(before_seconds=time.time() - KEPT_SECONDS)
