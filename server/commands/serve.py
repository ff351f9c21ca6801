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
from server.observability import configure_logging
from server.rpc.server import refuse_taken_port
from server.settings import LogFormat, load_settings


def serve(
    *,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="gRPC port; 0 for any free one.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Prometheus port; 0 for none.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
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
            "ranking.ranker": ranker,
            "log.format": log_format,
            "log.level": log_level,
        },
    )
    configure_logging(settings.log)
    refuse_taken_port(settings.server.host, settings.server.port)
    with asked_to_stop() as stop, build_app(settings) as app:
        address = app.start()
        typer.echo(f"Omnishelf serves {_holding(app)} on {address}; Ctrl-C stops it.")
        stop.wait()
        typer.echo("Stopping: calls that run may end.")


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
