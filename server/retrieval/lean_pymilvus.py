"""Imports pymilvus without what pandas would bring along with it, which nothing here uses.

pymilvus imports pandas, and pandas what it finds of these: a quarter as long again, and thirty
megabytes that stay. To be imported before any other module that imports pymilvus.
"""

from __future__ import annotations

from typing import Final

from ranker.hidden_modules import hidden

_NOT_NEEDED: Final = ("bottleneck", "matplotlib", "numexpr", "pyarrow")

with hidden(*_NOT_NEEDED):
    import pymilvus

__all__ = ["pymilvus"]
