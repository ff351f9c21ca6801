"""A shop as long as a measurement lasts: in a temporary folder, served on a free port."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc

from server.app import build_app
from server.commands.progress import progress_bar
from server.errors import OmnishelfError
from server.ingest.files import CatalogFile
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.rpc.channel import open_channel
from server.settings import Settings, StoreSettings

CATALOG = "temporary"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryShop:
    """A served catalog: how to reach it, which products it has, and how indexing went."""

    channel: grpc.Channel
    address: str
    catalog: str
    products: frozenset[str]
    report: IngestReport
    indexing_seconds: float


@contextmanager
def temporary_shop(settings: Settings, file: CatalogFile) -> Iterator[TemporaryShop]:
    """Index a file and serve it with a real gRPC server until the block ends.

    Whatever engine, store or port the settings name, all is kept in a temporary folder.

    Raises:
        OmnishelfError: ``NOTHING_WRITTEN``, no row of the file is a product.
    """
    with (
        tempfile.TemporaryDirectory(prefix="omnishelf-") as folder,
        build_app(in_folder(settings, Path(folder))) as app,
    ):
        report = IngestReport()
        started = time.monotonic()
        with progress_bar("Indexing", total=file.rows) as progress:
            sink = partial(app.writer.stream, CATALOG)
            products = load_file(file, sink, report=report, progress=progress)
        seconds = time.monotonic() - started
        if not products:
            message = f"no row of {file.path} is a product; `omnishelf index` says why"
            raise OmnishelfError(message, reason="NOTHING_WRITTEN")
        address = app.start()
        with open_channel(address) as channel:
            yield TemporaryShop(
                channel=channel,
                address=address,
                catalog=CATALOG,
                products=products,
                report=report,
                indexing_seconds=seconds,
            )


def in_folder(settings: Settings, folder: Path) -> Settings:
    """The settings with everything kept in ``folder`` and served on a free port of this machine."""
    local = {"host": "127.0.0.1", "port": 0, "metrics_port": 0}
    return settings.model_copy(
        update={
            "data": folder,
            "server": settings.server.model_copy(update=local),
            "retrieval": settings.retrieval.model_copy(update={"uri": None}),
            "store": StoreSettings(),
        }
    )
