"""LightGBM, imported without the libraries that it would work with and nobody here gives it.

Wherever they are installed it imports pandas, pyarrow and others as well, which takes longer than
all the rest of it and holds tens of megabytes for good. It is given numpy arrays alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NOT_NEEDED: Final = ("cffi", "dask", "matplotlib", "pandas", "polars", "pyarrow", "sklearn")
"""What is hidden while LightGBM is imported, unless it is imported already."""


@contextmanager
def _hidden() -> Iterator[None]:
    hidden = [name for name in NOT_NEEDED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # what makes an import fail
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


with _hidden():
    import lightgbm

__all__ = ["NOT_NEEDED", "lightgbm"]
