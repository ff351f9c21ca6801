"""A thing that many threads use and one retires: closed after its last user, never under one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Leased(Generic[T]):
    """Counts the users of a value. Any thread may call any method at any time.

    A lease costs two short locks, about a microsecond, so a request may take several.
    """

    def __init__(self, value: T, *, close: Callable[[T], None] | None = None) -> None:
        """``close`` is called once, by whoever is last: `retire`, or the last user after it."""
        self.value = value
        self._close = close
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._users = 0
        self._retired = False

    @property
    def retired(self) -> bool:
        """Whether nobody new may use it."""
        return self._retired

    def take(self) -> bool:
        """Begin to use the value; False once it is retired: look up what took its place."""
        with self._lock:
            if self._retired:
                return False
            self._users += 1
            return True

    def give_back(self) -> None:
        """End what one `take` that gave True began.

        Raises:
            RuntimeError: There was no such take.
        """
        with self._lock:
            if not self._users:
                raise RuntimeError("a lease was given back that nobody had taken")
            self._users -= 1
            last = self._retired and not self._users
            if last:
                self._changed.notify_all()
        if last and self._close:
            self._close(self.value)

    def retire(self) -> None:
        """Let nobody new in, and close the value once its last user is gone. Again: nothing."""
        with self._lock:
            last = not self._retired and not self._users
            self._retired = True
            if last:
                self._changed.notify_all()
        if last and self._close:
            self._close(self.value)

    def wait(self, timeout_seconds: float | None) -> bool:
        """Whether it is retired and without users, after waiting for that no longer than asked."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._retired and not self._users, timeout_seconds
            )


class Lease(Generic[T]):
    """A ``with`` block that uses what ``find`` gives at its start, and keeps it open to its end.

    ``find`` looks the value up; where that was retired in between it is asked again, so whoever
    replaces a value must first put the new one where ``find`` looks, and then retire the old one.
    """

    __slots__ = ("_find", "_leased")

    def __init__(self, find: Callable[[], Leased[T]]) -> None:
        self._find = find

    def __enter__(self) -> T:
        """Take what is there now; raises what ``find`` raises.

        Raises:
            RuntimeError: The value was retired, and nothing took its place.
        """
        leased = self._find()
        while not leased.take():
            before, leased = leased, self._find()
            if leased is before:
                raise RuntimeError("a lease was asked of what is retired and was not replaced")
        self._leased = leased
        return leased.value

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back, whatever happened."""
        self._leased.give_back()
