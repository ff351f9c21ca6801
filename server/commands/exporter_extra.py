"""The exporter's own packages (torch and onnx), which nothing that serves may need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import FailedPrecondition

PACKAGES = frozenset(
    {
        "huggingface_hub",
        "matplotlib",
        "onnx",
        "onnxscript",
        "safetensors",
        "sentencepiece",
        "torch",
        "transformers",
    }
)


@contextmanager
def exporter_packages() -> Iterator[None]:
    """Import the exporter inside the block.

    Raises:
        FailedPrecondition: ``EXPORTER_NOT_INSTALLED``, one of its packages is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in PACKAGES:
            raise
        message = (
            f"this command needs {error.name}, which is not installed; install the exporter extra: "
            "pip install 'omnishelf[exporter]'"
        )
        raise FailedPrecondition(message, reason="EXPORTER_NOT_INSTALLED") from None
