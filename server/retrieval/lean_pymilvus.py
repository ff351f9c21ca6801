"""Imports pymilvus without what pandas would bring along with it, which nothing here uses.

pymilvus imports pandas, and pandas what it finds of these: a quarter as long again, and thirty
megabytes that stay. To be imported before any other module that imports pymilvus.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NOT_NEEDED: Final = ("bottleneck", "matplotlib", "numexpr", "pyarrow")


@contextmanager
def _hidden() -> Iterator[None]:
    hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # what makes an import fail
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


with _hidden():
    import pymilvus

__all__ = ["pymilvus"]
