"""What one check of a machine found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Outcome of a check; only FAILED keeps Omnishelf from running."""

    OK = "ok"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check's outcome: what was found, and if it failed what to do."""

    name: str
    state: State
    found: str
    remedy: str = ""


Probe = Callable[[], Check]


def passed(name: str, found: str) -> Check:
    """What was looked for is there."""
    return Check(name=name, state=State.OK, found=found)


def absent(name: str, found: str, *, remedy: str) -> Check:
    """An optional part is not there."""
    return Check(name=name, state=State.ABSENT, found=found, remedy=remedy)


def failed(name: str, found: str, *, remedy: str) -> Check:
    """A needed part is not there or does not work."""
    return Check(name=name, state=State.FAILED, found=found, remedy=remedy)
