"""Finds where `omnishelf index` writes: a server that was named, one that runs, or this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from server.address import announced_address
from server.ingest.load_file import Sink
from server.rpc.channel import open_channel
from server.rpc.import_client import import_products
from server.settings import Settings


@contextmanager
def product_sink(
    settings: Settings, *, catalog: str, server: str | None, replace: bool
) -> Iterator[Sink]:
    """A sink of products of one catalog, for as long as the block lasts.

    With ``replace`` the catalog is written anew beside the one served, and takes its place when
    every product was given.
    """
    target = server or announced_address(settings.address_file)
    if target is None:
        # All that serves is imported only where it is needed: it takes a second.
        from server.app import build_app  # noqa: PLC0415

        with build_app(settings) as app:
            yield partial(app.writer.replace if replace else app.writer.stream, catalog)
        return
    with open_channel(target) as channel:
        yield partial(import_products, channel, catalog=catalog, target=target, replace=replace)
