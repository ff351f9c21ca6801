"""LightGBM, imported without the libraries that it would work with and nobody here gives it.

Wherever they are installed it imports pandas, pyarrow and others as well, which takes longer than
all the rest of it and holds tens of megabytes for good. It is given numpy arrays alone.
"""

from __future__ import annotations

from typing import Final

from ranker.hidden_modules import hidden

NOT_NEEDED: Final = ("cffi", "dask", "matplotlib", "pandas", "polars", "pyarrow", "sklearn")
"""What is hidden while LightGBM is imported, unless it is imported already."""

with hidden(*NOT_NEEDED):
    import lightgbm

__all__ = ["NOT_NEEDED", "lightgbm"]
