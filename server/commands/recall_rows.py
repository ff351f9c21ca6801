"""Catalogues that `omnishelf export` and `verify` measure recall on: rows to samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporter.spec import ImageTower
from server.commands.alignment_rows import read_rows
from server.errors import FailedPrecondition

if TYPE_CHECKING:
    from exporter.recall import RecallSample


def read_samples(catalogue: Path | None, *, tower: ImageTower) -> list[RecallSample]:
    """Read a catalogue as `omnishelf index` takes it; nothing where none is named.

    Raises:
        InvalidRequest: the file is not there, or of no format we read.
        FailedPrecondition: ``CATALOGUE_EMPTY``, it holds no product with a title.
    """
    if catalogue is None:
        return []
    from exporter.recall import recall_samples  # noqa: PLC0415 - the exporter's extra

    samples = [
        sample
        for source in read_rows([catalogue])
        for sample in recall_samples(source.rows, load=source.loader(tower))
    ]
    if not samples:
        message = f"{catalogue} holds no product with a title; name a catalogue that can be indexed"
        raise FailedPrecondition(message, reason="CATALOGUE_EMPTY")
    return samples
