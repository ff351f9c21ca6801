"""`omnishelf serve`: the server, until it is asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from server.awake import wait_awake
from server.data_directory import make_data_directory
from server.errors import InvalidRequest, Violation
from server.log_setup import configure_logging
from server.port import refuse_taken_port
from server.settings import EncoderKind, LogFormat, Settings, load_settings

_STOPPING = "Stopping: calls that run may end."


def serve(
    *,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="gRPC port; 0 for any free one.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes on the port, such as one for every core.")
    ] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Prometheus port; 0 for none.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
    encoder: Annotated[EncoderKind | None, typer.Option(help="Where towers run.")] = None,
    managed_triton: Annotated[
        bool, typer.Option("--managed-triton", help="Start a Triton here, watch it, stop it.")
    ] = False,
    triton: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Triton that runs already.")
    ] = None,
    ranker: Annotated[Path | None, typer.Option(help="Ranker directory.")] = None,
    warm_up: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Workload to ask before it serves.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append searches, redacted, to a workload.")
    ] = None,
    log_format: Annotated[LogFormat | None, typer.Option(help="Form of log lines.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve searches over gRPC until Ctrl-C or SIGTERM.

    More settings: --config FILE (all in deploy/settings.example.yaml), or the environment.
    """
    settings = load_settings(
        config,
        flags={
            "data": data,
            "server.host": host,
            "server.port": port,
            "server.processes": workers,
            "server.metrics_port": metrics_port,
            "encoder.bundle": bundle,
            "encoder.kind": encoder,
            "triton.address": triton,
            # A flag that names a Triton outweighs a file that asks for one of the server's own.
            "triton.managed": True if managed_triton else None if triton is None else False,
            "ranking.ranker": ranker,
            "server.warm_up": warm_up,
            "server.record": record,
            "log.format": log_format,
            "log.level": log_level,
        },
    )
    _refuse_contradictions(settings.encoder.kind, managed=managed_triton, address=triton)
    _refuse_a_triton_each(settings)
    configure_logging(settings.log)
    refuse_taken_port(settings.server.host, settings.server.port)
    with asked_to_stop() as stop:
        if settings.server.processes > 1:
            _serve_as_group(settings, stop)
        else:
            _serve_alone(settings, stop)


def _refuse_a_triton_each(settings: Settings) -> None:
    """Refuse workers that would each start a Triton of their own."""
    managed = settings.encoder.kind is EncoderKind.TRITON and settings.triton.managed
    if managed and settings.server.processes > 1:
        description = (
            "each worker would start a Triton of its own; start one apart (omnishelf triton) and "
            "name it with --triton HOST:PORT, or leave --workers out"
        )
        raise InvalidRequest(
            [Violation(field="--workers", reason="FLAGS_CONTRADICT", description=description)]
        )


def _serve_alone(settings: Settings, stop: threading.Event) -> None:
    # A supervisor needs nothing of what is imported here.
    from server.start_memory import begin_start, settle  # noqa: PLC0415 - before the imports

    begin_start()
    from server.app import build_app  # noqa: PLC0415
    from server.workload_wiring import open_workloads  # noqa: PLC0415

    with (
        open_workloads(settings.server, given_up=stop.is_set) as workloads,
        build_app(settings) as app,
    ):
        settle()
        address = app.start(workloads)
        _say_serving(app.holding(), address)
        wait_awake(stop)
        typer.echo(_STOPPING)


def _serve_as_group(settings: Settings, stop: threading.Event) -> None:
    from server.workers.supervisor import Supervisor  # noqa: PLC0415 - only a group has one

    make_data_directory(settings.data)
    with Supervisor(settings) as supervisor:
        started = supervisor.start(stop)
        if started is not None:
            _say_serving(*started)
            supervisor.keep(stop)
        typer.echo(_STOPPING)


def _say_serving(holding: str, address: str) -> None:
    typer.echo(f"Omnishelf serves {holding} on {address}; Ctrl-C stops it.")


def _refuse_contradictions(kind: EncoderKind, *, managed: bool, address: str | None) -> None:
    """Refuse flags that would be passed over in silence."""
    given = [
        *(["--managed-triton"] if managed else []),
        *([f"--triton {address}"] if address is not None else []),
    ]
    violations = []
    if given and kind is not EncoderKind.TRITON:
        description = f"{' and '.join(given)} would do nothing; add --encoder triton"
        violations.append(Violation(field="--encoder", reason="FLAG_IDLE", description=description))
    if len(given) > 1:
        description = "the server uses its own Triton or another, not both; leave one of them out"
        violations.append(
            Violation(field=given[0], reason="FLAGS_CONTRADICT", description=description)
        )
    if violations:
        raise InvalidRequest(violations)


@contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set instead of ending the process; asked twice, it ends."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
