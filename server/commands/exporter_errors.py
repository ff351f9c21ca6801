"""The exporter's errors as those of the command line, so that each has its exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import FailedPrecondition, Unavailable


@contextmanager
def exporter_errors() -> Iterator[None]:
    """Run the exporter inside the block.

    Raises:
        FailedPrecondition: a source, an output or a bundle that cannot be used; exit code 2.
        Unavailable: weights that cannot be had, or towers that disagree with torch; exit code 1.
    """
    from exporter.export_error import ExportError  # noqa: PLC0415 - the exporter's extra
    from exporter.sources.errors import SourceError  # noqa: PLC0415 - the same
    from exporter.weights import WeightsError  # noqa: PLC0415 - the same

    try:
        yield
    except (ExportError, SourceError) as error:
        failed = error.reason == "VERIFICATION_FAILED"
        kind = Unavailable if failed else FailedPrecondition
        raise kind(str(error), reason=error.reason) from error
    except WeightsError as error:
        raise Unavailable(str(error), reason=error.reason) from error
