"""Catalogues as Parquet files, read a few hundred rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from server.errors import InvalidRequest, Violation
from server.ingest.formats.protocol import RawRow, Survey

_ROWS_AT_ONCE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet:
    """Reads a ``.parquet`` file; its pictures may stand in a column of bytes."""

    path: Path
    text_cells: bool = False

    def survey(self) -> Survey:
        """Columns and rows, from the file's footer."""
        with self._open() as file:
            return Survey(columns=tuple(file.schema_arrow.names), rows=file.metadata.num_rows)

    def __iter__(self) -> Iterator[RawRow]:
        number = 0
        with self._open() as file:
            try:
                for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                    for values in batch.to_pylist():
                        number += 1
                        yield RawRow(number=number, values=values)
            except (pa.ArrowException, OSError, ValueError) as error:
                raise _unreadable(f"the file is damaged behind row {number}") from error

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable("the file is not Parquet, or is cut short") from error


def _unreadable(what: str) -> InvalidRequest:
    description = f"{what}; write it again, or give the catalogue as .jsonl or .csv"
    violation = Violation(field="CATALOG", reason="CATALOG_NOT_PARQUET", description=description)
    return InvalidRequest([violation])
