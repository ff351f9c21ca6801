"""A worker process: a server on a port that it shares, told by its supervisor when to do what.

Started as ``python -m server.workers.worker DESCRIPTOR``, the descriptor being its end of the
connection to the supervisor.
"""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection

from prometheus_client import generate_latest

from exporter.spec import BundleError
from ranker.errors import RankingError
from server.app import build_app
from server.awake import wait_awake
from server.errors import DeadlineExceeded, OmnishelfError, Overloaded, Unavailable
from server.log_setup import configure_logging
from server.settings import Settings
from server.start_memory import begin_start, settle
from server.workers import group_shelf
from server.workers.control import Control
from server.workers.group_shelf import GroupShelf
from server.workers.messages import Begin, Failed, Listening, Opened
from server.workers.recording_relay import RecordingRelay
from server.workload_wiring import open_workloads

_FAILURES = (DeadlineExceeded, Overloaded, Unavailable)


def main(descriptor: int) -> int:
    """Serve until the supervisor says stop or is gone; the exit code."""
    begin_start()
    control = Control(Connection(descriptor))
    # A worker that is asked to end by somebody else ends in order, and is started again.
    signal.signal(signal.SIGTERM, lambda _number, _frame: control.ask_to_stop())
    begin = control.begin()
    settings = Settings.model_validate(dict(begin.settings))
    configure_logging(settings.log, worker=begin.place.number)
    control.hear()
    try:
        _serve(settings, begin, control)
    except (OmnishelfError, BundleError, RankingError) as error:
        control.send(Failed(message=str(error), asked_wrongly=not isinstance(error, _FAILURES)))
        return 1
    return 0


def _serve(settings: Settings, begin: Begin, control: Control) -> None:
    with (
        open_workloads(
            settings.server, keeper=RecordingRelay(control.send), given_up=control.stop.is_set
        ) as workloads,
        build_app(
            settings,
            place=begin.place,
            shared=lambda shelf: GroupShelf(shelf, have_all_take=control.have_all_take),
        ) as app,
    ):
        for step in begin.steps:
            group_shelf.take(step, shelf=app.shelf, opened=app.writer.open_catalogs)
        control.answer(
            metrics=lambda: generate_latest(app.metrics.registry).decode(),
            step=lambda step: group_shelf.take(
                step, shelf=app.shelf, opened=app.writer.open_catalogs
            ),
        )
        settle()
        app.warm_up(workloads)
        control.send(Opened(holding=app.holding()))
        wait_awake(control.listen)
        if not control.stop.is_set():
            control.send(Listening(address=app.start(workloads)))
        wait_awake(control.stop)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
