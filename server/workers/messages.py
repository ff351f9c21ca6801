"""What a supervisor and its workers say to each other, pickled, over a socket pair each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.worker_place import WorkerPlace
from server.workload.keeper import Noted


class ShelfChange(StrEnum):
    """What is done to the shelf of encoder bundles."""

    OPEN = "open"
    PROMOTE = "promote"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfStep:
    """One change of the shelf; ``bundle`` is a directory to open, else an id."""

    change: ShelfChange
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """To a worker, first: its settings, its place, and the steps the group's shelf has taken."""

    settings: Mapping[str, object]
    place: WorkerPlace
    steps: tuple[ShelfStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """From a worker: all is open and tried; ``holding`` says how many products of what."""

    holding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """From a worker, last: why it does not serve, in words for people."""

    message: str
    asked_wrongly: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """To a worker that has opened: answer calls from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """From a worker: it answers calls at ``address``."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """To a worker: let running calls end, then end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskMetrics:
    """To a worker: say your metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsText:
    """From a worker: its metrics in Prometheus' text format."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStep:
    """To the supervisor, that all others take a step of the shelf; to a worker, that it does."""

    number: int
    step: ShelfStep


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """The answer: what went wrong, empty where nothing did."""

    number: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchesAsked:
    """From a worker that records: searches that it answered, and how many more it dropped."""

    noted: tuple[Noted, ...] = ()
    dropped: int = 0


Message = (
    Begin
    | Opened
    | Failed
    | Listen
    | Listening
    | Stop
    | AskMetrics
    | MetricsText
    | TakeStep
    | StepTaken
    | SearchesAsked
)
