"""Finds the server that a command talks to: the one named, the one that runs, or one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from server.address import announced_address
from server.rpc.channel import open_channel
from server.settings import Settings

THIS_PROCESS = "this process"


@contextmanager
def connected(settings: Settings, *, server: str | None) -> Iterator[tuple[grpc.Channel, str]]:
    """A channel, and the address it leads to.

    ``server`` names one to use. Without it the server that holds the data directory is used; where
    none runs, one is started in this process on a free port for as long as the block lasts.
    """
    target = server or announced_address(settings.address_file)
    if target is not None:
        with open_channel(target) as channel:
            yield channel, target
        return
    # All that serves is imported only where it is needed: it takes a second.
    from server.app import build_app  # noqa: PLC0415

    ours = settings.server.model_copy(update={"host": "127.0.0.1", "port": 0, "metrics_port": 0})
    with (
        build_app(settings.model_copy(update={"server": ours})) as app,
        open_channel(app.start()) as channel,
    ):
        yield channel, THIS_PROCESS
