"""Memory while a process starts and once it serves: collected once, and then left alone."""

from __future__ import annotations

import gc

from server.encoders.freed_memory import give_back_freed_memory


def begin_start() -> None:
    """Collect no garbage until `settle`: a start makes many objects and drops few of them."""
    gc.disable()


def settle() -> None:
    """Take what the start made out of the collector's sight, and give back what it freed.

    A catalogue and its models are hundreds of thousands of objects that stay: without this every
    full collection looks at each of them while requests wait.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    give_back_freed_memory()
