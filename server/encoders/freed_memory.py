"""Freed memory given back to the system, which the C library would keep for later."""

from __future__ import annotations

import ctypes


def give_back_freed_memory() -> None:
    """Shrink the heap to what is in use; nothing where the C library cannot.

    For after large pieces of work that will not come again, such as parsing models: ONNX Runtime
    frees more than it keeps of what opening a tower takes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
