"""Waiting on the main thread that hears signals."""

from __future__ import annotations

import threading
from typing import Final

_AWAKE_SECONDS: Final = 0.2


def wait_awake(event: threading.Event) -> None:
    """Wait for an event that a signal's handler may set.

    The system may give a signal to any thread, and Python runs its handler once the main thread
    runs: one that waits without an end would not hear of it.
    """
    while not event.wait(_AWAKE_SECONDS):
        continue
