"""Everything that can go wrong, as facts with fields and a stable reason.

    OmnishelfError
    ├── InvalidRequest        the caller must change the request (every violation at once)
    ├── NotFound              what was named does not exist
    ├── AlreadyInUse          a port, a data folder or a name is taken
    ├── FailedPrecondition    the system must change before this can work
    ├── NotBuilt              the API has it, this release does not
    ├── Overloaded            refused at the door; try again later
    ├── DeadlineExceeded      the caller's time is spent
    ├── Unavailable           a part that is needed does not answer
    └── DataCorrupted         a file is not what its hash says

`server.rpc.status` maps each to a wire status, `server.cli` to an exit code. Messages are written
for the caller and say what to do; they never carry text of a foreign exception's internals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing wrong with a request.

    ``field`` is the path of the field as the caller writes it (``query[1].image``), ``reason`` is
    UPPER_SNAKE_CASE and stable, ``description`` says what is wrong and what to do.
    """

    field: str
    reason: str
    description: str


class OmnishelfError(Exception):
    """Any error of ours: a stable UPPER_SNAKE_CASE ``reason`` and a message for the caller."""

    reason = "UNKNOWN"

    def __init__(self, message: str, *, reason: str | None = None, **facts: str) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason
        self.facts = facts


class InvalidRequest(OmnishelfError):
    """The request breaks rules that the caller can keep: every one it breaks is listed."""

    reason = "INVALID_REQUEST"

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        lines = "; ".join(f"{each.field}: {each.description}" for each in self.violations)
        reason = self.violations[0].reason if len(self.violations) == 1 else None
        super().__init__(lines, reason=reason)


class NotFound(OmnishelfError):
    """What the request names does not exist."""

    reason = "NOT_FOUND"


class AlreadyInUse(OmnishelfError):
    """A port, a data folder or a name is held by somebody else."""

    reason = "ALREADY_IN_USE"


class FailedPrecondition(OmnishelfError):
    """The request is right but the system is not in the state it needs."""

    reason = "FAILED_PRECONDITION"


class NotBuilt(OmnishelfError):
    """A field of the API whose work this release does not do; ``field`` names it."""

    reason = "NOT_BUILT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)
        self.field = field


class Overloaded(OmnishelfError):
    """Too much work is in flight; nothing was done."""

    reason = "OVERLOADED"


class DeadlineExceeded(OmnishelfError):
    """The caller's deadline passed before an answer, even a lesser one, was ready."""

    reason = "DEADLINE_EXCEEDED"


class Unavailable(OmnishelfError):
    """A part that no fallback replaces does not answer."""

    reason = "UNAVAILABLE"


class DataCorrupted(OmnishelfError):
    """A model, bundle or store is not what its manifest says."""

    reason = "DATA_CORRUPTED"
