"""Opens encoder bundles where the settings say: in this process, or on a Triton with a twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from server.encoders.embedded import EmbeddedEncoder
from server.encoders.protocol import Encoder
from server.settings import EncoderKind, Settings

OpenBundle = Callable[[Path], Encoder]


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
