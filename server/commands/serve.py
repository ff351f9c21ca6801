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

from server.app import App, build_app
from server.errors import InvalidRequest, Violation
from server.observability import configure_logging
from server.rpc.server import refuse_taken_port
from server.settings import EncoderKind, LogFormat, load_settings


def serve(
    *,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="gRPC port; 0 for any free one.")] = None,
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
            "server.metrics_port": metrics_port,
            "encoder.bundle": bundle,
            "encoder.kind": encoder,
            "triton.address": triton,
            # A flag that names a Triton outweighs a file that asks for one of the server's own.
            "triton.managed": True if managed_triton else None if triton is None else False,
            "ranking.ranker": ranker,
            "log.format": log_format,
            "log.level": log_level,
        },
    )
    _refuse_contradictions(settings.encoder.kind, managed=managed_triton, address=triton)
    configure_logging(settings.log)
    refuse_taken_port(settings.server.host, settings.server.port)
    with asked_to_stop() as stop, build_app(settings) as app:
        address = app.start()
        typer.echo(f"Omnishelf serves {_holding(app)} on {address}; Ctrl-C stops it.")
        stop.wait()
        typer.echo("Stopping: calls that run may end.")


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


def _holding(app: App) -> str:
    counts = app.counts()
    if not counts:
        return "no catalog yet (omnishelf index makes one)"
    return ", ".join(f"{name} ({count:,} products)" for name, count in counts.items())


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
