"""Catalogues and photographs as `omnishelf align` takes them: rows by folder, lazy pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.spec import ImageTower
from server.arrays import UInt8Array
from server.encoders.image import PictureError, prepare_picture
from server.errors import FailedPrecondition
from server.ingest.cells import CellRefused, texts
from server.ingest.columns import plan_columns
from server.ingest.files import open_source
from server.ingest.formats.protocol import RawRow
from server.ingest.picture_files import picture_bytes

_PASSED_ON = ("product_id", "split")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentRows:
    """Rows of the files of one folder, by our names of fields.

    ``unusable`` gathers the pictures that could not be read, as they are asked for; ``unreadable``
    counts the rows that the files' formats could not make sense of.
    """

    name: str
    folder: Path
    rows: tuple[Mapping[str, object], ...]
    unusable: set[str] = field(default_factory=set)
    unreadable: int = 0

    def loader(self, tower: ImageTower) -> Callable[[str], UInt8Array | None]:
        """A function from a row's image to pixels for a tower; None where there are none."""

        def load(name: str) -> UInt8Array | None:
            try:
                data = picture_bytes(name, folder=self.folder)
                return None if data is None else prepare_picture(data, tower)
            except (CellRefused, PictureError):
                self.unusable.add(name)
                return None

        return load


def read_rows(paths: Sequence[Path]) -> list[AlignmentRows]:
    """Read files, those of one folder together; rows that cannot be read are passed over.

    Raises:
        InvalidRequest: a file is not there or of no format we read.
        FailedPrecondition: ``CATALOG_UNREADABLE``: there are rows, and none can be read.
    """
    folders: dict[Path, list[Mapping[str, object] | None]] = {}
    for path in paths:
        rows = list(_rows(path))
        if rows and not any(rows):
            message = f"none of the {len(rows):,} rows of {path} can be read; mend the file"
            raise FailedPrecondition(message, reason="CATALOG_UNREADABLE")
        folders.setdefault(path.resolve().parent, []).extend(rows)
    return [
        AlignmentRows(
            name=folder.name,
            folder=folder,
            rows=tuple(row for row in rows if row is not None),
            unreadable=rows.count(None),
        )
        for folder, rows in folders.items()
    ]


def _rows(path: Path) -> Iterator[Mapping[str, object] | None]:
    """Rows by our names of fields, None for each that cannot be read."""
    source = open_source(path)
    columns = [name for name in source.survey().columns if name not in _PASSED_ON]
    plan = plan_columns(columns, mapping={})
    for raw in source:
        if not isinstance(raw, RawRow):
            yield None
            continue
        row = {name: raw.values.get(column) for name, column in plan.fields.items()}
        row |= {name: raw.values[name] for name in _PASSED_ON if name in raw.values}
        try:
            row["categories"] = texts(row.get("categories"), text_cells=source.text_cells)
        except CellRefused:
            row["categories"] = ()
        yield row
