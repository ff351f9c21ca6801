"""What an object holds in memory, by the path of attributes that leads there."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import numpy as np

_SKIPPED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
"""Shared with all of the process."""


def sizes(root: object, *, depth: int) -> dict[str, int]:
    """Bytes by path, ``columns.text`` with a depth of two; what lies deeper counts for its path.

    What two paths lead to counts for the first. Arrays count whole, also what was never touched and
    so takes no memory yet; keys and values count with their mapping. What has no attributes, no
    items and no size is passed over, and so are classes, functions and modules.

    >>> sorted(sizes({"a": "x" * 1000}, depth=1))
    ['']
    """
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting: list[tuple[object, tuple[str, ...]]] = [(root, ())]
    while waiting:
        each, path = waiting.pop()
        if id(each) in seen or isinstance(each, _SKIPPED):
            continue
        seen.add(id(each))
        found[".".join(path)] += _own_bytes(each)
        waiting.extend((held, path) for held in _items(each))
        for name, held in _attributes(each):
            waiting.append((held, (*path, name.lstrip("_")) if len(path) < depth else path))
    return dict(found.most_common())


def _own_bytes(each: object) -> int:
    if isinstance(each, np.ndarray):
        return 0 if isinstance(each.base, np.ndarray) else each.nbytes + sys.getsizeof(0)
    return sys.getsizeof(each, 0)


def _items(each: object) -> Iterator[object]:
    if isinstance(each, Mapping):
        yield from list(each.keys())
        yield from list(each.values())
    elif isinstance(each, list | tuple | set | frozenset):
        yield from list(each)
    elif isinstance(each, np.ndarray) and isinstance(each.base, np.ndarray):
        yield each.base


def _attributes(each: object) -> Iterator[tuple[str, object]]:
    names = dict.fromkeys(getattr(each, "__dict__", ()))
    for kind in type(each).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names |= dict.fromkeys((slots,) if isinstance(slots, str) else slots)
    for name in names:
        if name not in ("__dict__", "__weakref__") and hasattr(each, name):
            yield name, getattr(each, name)
