"""Opens encoder bundles where the settings say: in this process, or on a Triton with a twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from exporter.spec import BundleError, read_manifest
from server.encoders.embedded import EmbeddedEncoder, bundle_refusal
from server.encoders.protocol import Encoder
from server.settings import EncoderKind, Settings

OpenBundle = Callable[[Path], Encoder]


def refuse_missing_bundles(settings: Settings) -> None:
    """Find out that a bundle is not there before anything else is opened or made.

    Raises:
        FailedPrecondition: A directory of the settings holds no bundle of this format.
        DataCorrupted: What is there was edited, or cannot be read.
    """
    for directory in (settings.bundle_directory, *settings.encoder.beside):
        try:
            read_manifest(directory)
        except BundleError as error:
            raise bundle_refusal(error) from error


@contextmanager
def encoder_opener(settings: Settings, *, registry: CollectorRegistry) -> Iterator[OpenBundle]:
    """What opens the bundle of a directory; after the block a managed Triton has stopped.

    The encoders it gave are closed by whoever asked for them, before the block ends. ``registry``
    is where a managed Triton's metrics are published.

    Raises:
        FailedPrecondition, AlreadyInUse, Unavailable: A managed Triton does not start.
    """
    if settings.encoder.kind is EncoderKind.EMBEDDED:
        yield lambda directory: EmbeddedEncoder(directory, threads=settings.encoder.threads)
        return
    # Triton's client takes half a second to import, which only a server that asks one shall pay.
    from server.triton_wiring import TritonOpener  # noqa: PLC0415

    with TritonOpener(settings, registry=registry) as opener:
        yield opener.open
