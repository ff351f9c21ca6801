"""What one request has for itself to its end."""

from __future__ import annotations

from dataclasses import dataclass

from server.catalog.catalogs import Catalog
from server.deadline import Deadline
from server.encoders.protocol import Encoder
from server.signals.reader import TableReader
from server.stages import StageClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A catalog, its bundle's encoder, a reader of its products, a clock and a deadline."""

    catalog: Catalog
    encoder: Encoder
    reader: TableReader
    clock: StageClock
    deadline: Deadline
