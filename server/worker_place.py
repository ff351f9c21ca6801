"""What a server process is told of the group it belongs to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlace:
    """A worker's place in a group of processes that answer on one port.

    Attributes:
        group: Name of the group, unique among all that share a store.
        number: The worker's, from 0; a worker that takes a dead one's place has its number.
        port: The port of the group, which its supervisor keeps.
        engine: Where the group's embedded index engine answers (``unix:SOCKET``), None where
            another is used.
    """

    group: str
    number: int
    port: int
    engine: str | None

    @property
    def name(self) -> str:
        """The worker's name among all replicas of the store."""
        return f"{self.group}-{self.number}"
