"""Collects everything wrong with a request, so that a caller hears of it all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import InvalidRequest, Violation


class Violations:
    """What is wrong so far, in the order it was found."""

    def __init__(self) -> None:
        self._found: list[Violation] = []

    @property
    def found(self) -> tuple[Violation, ...]:
        """Everything noted."""
        return tuple(self._found)

    def add(self, field: str, reason: str, description: str) -> None:
        """Note one thing wrong."""
        self._found.append(Violation(field=field, reason=reason, description=description))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note what the block raises as InvalidRequest, and go on after it."""
        try:
            yield
        except InvalidRequest as error:
            self._found.extend(error.violations)

    def check_range(self, field: str, value: float, *, low: float, high: float) -> bool:
        """Note a number outside ``low`` to ``high``, or not a number; whether it was right."""
        if math.isfinite(value) and low <= value <= high:
            return True
        allowed = f"{low:,.12g} to {high:,.12g}"
        self.add(field, "OUT_OF_RANGE", f"{value:g} is not allowed; take {allowed}")
        return False

    def check_length(self, field: str, text: str, *, most: int) -> None:
        """Note a text of more than ``most`` characters."""
        if len(text) > most:
            self.add(
                field,
                "TOO_LONG",
                f"it has {len(text):,} characters; at most {most:,} are allowed",
            )

    def page_size(self, asked: int, *, default: int, most: int) -> int:
        """The size of a page: 0 stands for ``default``, more than ``most`` for ``most``."""
        if asked < 0:
            self.add("page_size", "OUT_OF_RANGE", f"{asked} is negative; take 0 to {most:,}")
        return min(asked or default, most)

    def raise_any(self) -> None:
        """Raise InvalidRequest with everything noted, if there is anything."""
        if self._found:
            raise InvalidRequest(self._found)
