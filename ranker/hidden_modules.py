"""Hides modules for as long as another is imported, as if they were not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Have imports of these, and of what is in them, fail with ModuleNotFoundError.

    One that is imported already stays so. For the import of a package that uses these where it
    finds them and does without them where it does not; no other thread finds them meanwhile.

    Args:
        names: Top-level modules.
    """
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment] # what makes an import fail
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
