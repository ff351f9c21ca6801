"""Catalogues and photographs as `omnishelf align` takes them: rows by folder, lazy pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.spec import ImageTower
from server.arrays import UInt8Array
from server.encoders.image import PictureError, prepare_picture
from server.ingest.cells import CellRefused, texts
from server.ingest.columns import plan_columns
from server.ingest.files import open_source
from server.ingest.formats.protocol import RawRow
from server.ingest.picture_files import picture_bytes

_PASSED_ON = ("product_id", "split")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentRows:
    """Rows of the files of one folder, by our names of fields.

    ``unusable`` gathers the pictures that could not be read, as they are asked for.
    """

    name: str
    folder: Path
    rows: tuple[Mapping[str, object], ...]
    unusable: set[str] = field(default_factory=set)

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
    """Read files, those of one folder together; lines that cannot be read are passed over.

    Raises:
        InvalidRequest: a file is not there or of no format we read.
    """
    folders: dict[Path, list[Mapping[str, object]]] = {}
    for path in paths:
        folders.setdefault(path.resolve().parent, []).extend(_rows(path))
    return [
        AlignmentRows(name=folder.name, folder=folder, rows=tuple(rows))
        for folder, rows in folders.items()
    ]


def _rows(path: Path) -> Iterator[Mapping[str, object]]:
    source = open_source(path)
    columns = [name for name in source.survey().columns if name not in _PASSED_ON]
    plan = plan_columns(columns, mapping={})
    for raw in source:
        if isinstance(raw, RawRow):
            row = {name: raw.values.get(column) for name, column in plan.fields.items()}
            row |= {name: raw.values[name] for name in _PASSED_ON if name in raw.values}
            try:
                row["categories"] = texts(row.get("categories"), text_cells=source.text_cells)
            except CellRefused:
                row["categories"] = ()
            yield row
