"""Steps of the shelf of bundles on their way from one worker to all others, and back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """A step that all others have answered: whose it was, and what went wrong."""

    origin: int
    number: int
    problem: str


@dataclass(slots=True, kw_only=True)
class _Relay:
    origin: int
    number: int
    waiting: set[int]
    problems: list[str] = field(default_factory=list)


class Relays:
    """Which step waits for whom. Workers go by their numbers."""

    def __init__(self) -> None:
        self._relays: dict[int, _Relay] = {}
        self._last = 0

    def begin(self, *, origin: int, number: int, others: Collection[int]) -> int:
        """The number under which others are asked for step ``number`` of worker ``origin``."""
        self._last += 1
        self._relays[self._last] = _Relay(origin=origin, number=number, waiting=set(others))
        return self._last

    def taken(self, worker: int, number: int, *, problem: str) -> None:
        """A worker has answered."""
        relay = self._relays.get(number)
        if relay is not None and worker in relay.waiting:
            relay.waiting.discard(worker)
            if problem:
                relay.problems.append(f"worker {worker}: {problem}")

    def gone(self, worker: int) -> None:
        """A worker answers no more; the one in its place begins with all steps."""
        for relay in self._relays.values():
            relay.waiting.discard(worker)

    def done(self) -> list[Relayed]:
        """The steps that nobody is waited for any more, each once."""
        finished = [number for number, relay in self._relays.items() if not relay.waiting]
        return [_relayed(self._relays.pop(number)) for number in finished]


def _relayed(relay: _Relay) -> Relayed:
    return Relayed(origin=relay.origin, number=relay.number, problem="; ".join(relay.problems))
