"""The contract of what is measured at many sizes: an engine that builds and opens indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.scale.vectors import ShopVectors
from server.arrays import Float32Array

LIMIT = 100
"""Products that every search asks for."""

Search = Callable[[Float32Array], Sequence[str]]
"""The bare client call: a unit vector float32 (d,) to the ids of `LIMIT` products, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIndex:
    """An index that answers.

    Attributes:
        search: Asks it; from one thread.
        memory_mb: Resident memory of what answers, with this index alone, in 10^6 bytes. Of the
            exact engine, that of its matrix.
    """

    search: Search
    memory_mb: float


class Session(Protocol):
    """An engine that runs, over a folder that is its own."""

    def build(self, shop: ShopVectors) -> None:
        """Store the vectors, merge them, and index them; what is there of that size is replaced.

        Raises:
            Unavailable: the engine failed; the message says how.
        """

    def open(self, products: int) -> OpenIndex:
        """An index of that size, which was built in this folder; usable until the session ends.

        Sizes are opened from small to large, so that memory can be told apart.
        """


class Engine(Protocol):
    """One way to search."""

    @property
    def name(self) -> str:
        """For tables and folders."""

    @property
    def about(self) -> str:
        """Its version and parameters: kept builds of others are not used."""

    def session(self, folder: Path) -> AbstractContextManager[Session]:
        """Start it.

        Raises:
            OmnishelfError: it cannot be started; the message says what to do.
        """
