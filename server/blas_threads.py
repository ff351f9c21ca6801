"""Keeps numpy's matrix products on the thread that asks for them."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

import numpy as np

_SETTERS: Final = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_")


def one_thread_each() -> bool:
    """Have numpy's OpenBLAS use one thread from now on; whether it was found.

    It shares products of a few hundred rows among as many threads as there are cores, and a thread
    that is done waits for the others in a busy loop. Where requests run side by side and the cores
    have other work, the loops take what the product waits for: 0.1 ms became 20.
    numpy has no call for it, and the environment is read before any line of ours can run.
    """
    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(file))
            for name in _SETTERS:
                if hasattr(library, name):
                    getattr(library, name)(1)
                    return True
    return False
