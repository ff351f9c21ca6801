"""Wires what a serving process records and what it warms up with, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.settings import ServerSettings

# Imported where a file is named: most servers start without one, and start soon.
if TYPE_CHECKING:
    from server.workload.keeper import Keeper
    from server.workload.reading import WorkloadReader
    from server.workload.recorder import Recorder
    from server.workload.warming import AskRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Workloads:
    """What `server.app.App.start` records to and warms up with; by default nothing.

    Attributes:
        recorder: Takes every search that is answered.
        warm_up: Its questions are asked before the server says that it serves.
        warm_up_seconds: For at most so long.
        given_up: Asked between questions whether the server shall stop instead.
    """

    recorder: Recorder | None = None
    warm_up: WorkloadReader | None = None
    warm_up_seconds: float = 0.0
    given_up: Callable[[], bool] = lambda: False

    def rehearse(self, ask: AskRequest) -> None:
        """Ask the questions of the warm-up, if there is one."""
        if self.warm_up is not None:
            from server.workload.warming import warm  # noqa: PLC0415 - as above

            warm(self.warm_up, ask, seconds=self.warm_up_seconds, given_up=self.given_up)


NO_WORKLOADS = Workloads()


@contextmanager
def open_workloads(
    settings: ServerSettings,
    *,
    keeper: Keeper | None = None,
    given_up: Callable[[], bool] = lambda: False,
) -> Iterator[Workloads]:
    """Check the warm-up's file and open the recording, before anything slow; closed at the end.

    To be opened before the app and closed after it, so that its last calls are recorded. With
    ``keeper``, that of a process of a group, the searches go to it, and the file is not opened.

    Raises:
        InvalidRequest: a file is not what it should be.
        AlreadyInUse: another server records to the file.
    """
    warm_up = _checked(settings.warm_up) if settings.warm_up else None
    recorder = _recorder(settings.record, keeper) if settings.record else None
    try:
        yield Workloads(
            recorder=recorder,
            warm_up=warm_up,
            warm_up_seconds=settings.warm_up_seconds,
            given_up=given_up,
        )
    finally:
        if recorder is not None:
            recorder.close()


def _checked(path: Path) -> WorkloadReader:
    from server.workload.reading import WorkloadReader  # noqa: PLC0415 - as above

    reader = WorkloadReader(path=path)
    reader.check()
    return reader


def _recorder(path: Path, keeper: Keeper | None) -> Recorder:
    from server.workload.recorder import Recorder  # noqa: PLC0415 - as above

    if keeper is not None:
        return Recorder(keeper)
    from server.workload.ordered_recording import OrderedRecording  # noqa: PLC0415 - as above

    return Recorder(OrderedRecording(path))
