"""Distinct values of a field: a code for each, how it is written, and how many products have it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

NO_VALUE = -1
"""Code of a product that has no value."""

# Shops have some hundred paths, and every product of them one or more.
_KEPT_PATHS = 1_024


class DistinctValues:
    """Gives equal codes to values that fold to the same text. One writer, any readers.

    Codes run from 0 in the order of first sight and are never given to another value.
    """

    __slots__ = ("_as_written", "_codes", "_fold", "counts", "written")

    def __init__(self, *, fold: Callable[[str], str]) -> None:
        self._fold = fold
        self._codes: dict[str, int] = {}
        self._as_written: dict[str, int] = {"": NO_VALUE}
        self.written: list[str] = []
        self.counts: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self.written)

    def known(self, value: str) -> bool:
        """Whether `code` was asked for this value, written just so."""
        return value in self._as_written

    def code(self, value: str) -> int:
        """The value's code, a new one if it was never seen; NO_VALUE for a blank value."""
        code = self._as_written.get(value)
        if code is None:
            code = self._as_written[value] = self._code_of(value)
        return code

    def _code_of(self, value: str) -> int:
        folded = self._fold(value)
        if not folded:
            return NO_VALUE
        code = self._codes.get(folded)
        if code is None:
            code = self._codes[folded] = len(self.written)
            self.written.append(value)
        return code

    def count(self, codes: Iterable[int], *, change: int) -> bool:
        """Count products in (``change`` 1) or out (-1); whether any value came or went by that."""
        moved = False
        for code, times in Counter(codes).items():
            if code == NO_VALUE:
                continue
            before = self.counts[code]
            after = self.counts[code] = before + change * times
            moved = moved or (before == 0) != (after == 0)
        return moved

    def in_use(self) -> list[int]:
        """Codes that at least one product has, rising."""
        return sorted(code for code, count in self.counts.items() if count > 0)


@functools.lru_cache(maxsize=_KEPT_PATHS)
def path_levels(path: str) -> tuple[str, ...]:
    """Levels of a category path, blank ones left out.

    Example:
        >>> path_levels("Women / Bottoms/Pants/")
        ('Women', 'Bottoms', 'Pants')
    """
    return tuple(level.strip() for level in path.split("/") if level.strip())


def spoken(levels: Sequence[str]) -> str:
    """A value as the text that is embedded for it: lower case, levels joined by spaces.

    Example:
        >>> spoken(("Women", "Bottoms", "Pants"))
        'women bottoms pants'
    """
    return " ".join(" ".join(levels).casefold().split())
