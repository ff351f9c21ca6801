"""A catalogue file, JSONL, CSV or Parquet, as a stream of products and rejected rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.catalog.record import ProductRecord
from server.errors import InvalidRequest, Violation
from server.ingest.cells import CellRefused
from server.ingest.columns import ColumnPlan, plan_columns
from server.ingest.formats.delimited import Delimited
from server.ingest.formats.jsonl import JsonLines
from server.ingest.formats.parquet import Parquet
from server.ingest.formats.protocol import BrokenRow, RawRow, RowSource
from server.ingest.picture_files import picture_bytes
from server.ingest.row_product import read_product

OPTIONAL_FIELDS = frozenset({"price", "image"})
"""Fields that every row needs where any row of the file has the column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A row that holds a product. ``picture`` is the main picture's file, None without one."""

    number: int
    record: ProductRecord
    picture: bytes | None
    picture_field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that is not written, with every reason; ``product_id`` is empty where it has none."""

    number: int
    product_id: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFile:
    """A file that can be read; iterating reads it anew, a few rows at a time.

    ``rows`` counts all rows, ``notices`` say what the file as a whole leaves out.
    """

    path: Path
    rows: int
    notices: tuple[str, ...]
    source: RowSource
    plan: ColumnPlan
    required: frozenset[str]
    pictures: Path

    def __iter__(self) -> Iterator[ProductRow | RejectedRow]:
        """Rows in order. Of rows with one id the first is the product, later ones are rejected."""
        first_rows: dict[str, int] = {}
        for raw in self.source:
            if isinstance(raw, BrokenRow):
                violations = (raw.violation,)
                yield RejectedRow(number=raw.number, product_id="", violations=violations)
            else:
                yield self._read(raw, first_rows=first_rows)

    def _read(self, raw: RawRow, *, first_rows: dict[str, int]) -> ProductRow | RejectedRow:
        record = read_product(
            raw, plan=self.plan, required=self.required, text_cells=self.source.text_cells
        )
        picture_field = self.plan.fields.get("image", "image")
        if not isinstance(record, ProductRecord):
            shown = raw.values.get(self.plan.fields["id"])
            product_id = str(shown) if isinstance(shown, str | int) else ""
            return RejectedRow(number=raw.number, product_id=product_id[:128], violations=record)
        first = first_rows.setdefault(record.id, raw.number)
        if first != raw.number:
            description = f"row {first} has the same id and was taken; give each product its own"
            return _rejected(raw, record, self.plan.fields["id"], "ID_REPEATED", description)
        try:
            picture = picture_bytes(raw.values.get(picture_field), folder=self.pictures)
        except CellRefused as refused:
            if refused.reason != "PICTURE_REMOTE" or "image" in self.required:
                return _rejected(raw, record, picture_field, refused.reason, refused.description)
            picture = None
        return ProductRow(
            number=raw.number, record=record, picture=picture, picture_field=picture_field
        )


def open_catalog(
    path: Path,
    *,
    mapping: Mapping[str, str],
    allow_missing: frozenset[str] = frozenset(),
    pictures: Path | None = None,
) -> CatalogFile:
    """Look through a catalogue file and plan its columns.

    Args:
        path: A ``.jsonl``, ``.ndjson``, ``.csv``, ``.tsv`` or ``.parquet`` file.
        mapping: Our field names to the file's columns, where aliases do not find them.
        allow_missing: Which of ``OPTIONAL_FIELDS`` single rows may lack.
        pictures: Folder that picture paths start from; default: the file's own.

    Raises:
        InvalidRequest: the file is not there, is a folder, is empty, is of another format, has no
            column for ids or titles, or the mapping does not fit it.
    """
    source = open_source(path)
    survey = source.survey()
    if not survey.rows:
        raise _unusable("CATALOG_EMPTY", f"{path} holds no rows; name a file with products in it")
    plan = plan_columns(survey.columns, mapping=mapping)
    for name in ("id", "title"):
        # A file of which no row could be read has no columns; its rows say why.
        if survey.columns and name not in plan.fields:
            description = f"no column of {path} is the {name}; name one with --map {name}=COLUMN"
            raise _unusable(f"CATALOG_WITHOUT_{name.upper()}", description)
    absent = OPTIONAL_FIELDS - plan.fields.keys()
    return CatalogFile(
        path=path,
        rows=survey.rows,
        notices=tuple(f"no row has the column {name}: indexed without" for name in sorted(absent)),
        source=source,
        plan=plan,
        required=frozenset({"id", "title"}) | (OPTIONAL_FIELDS - absent - allow_missing),
        pictures=pictures or path.parent,
    )


def open_source(path: Path) -> RowSource:
    """A reader of a file's rows, chosen by its name.

    Raises:
        InvalidRequest: the file is not there, is a folder, or of another format.
    """
    if path.is_dir():
        raise _unusable("CATALOG_IS_FOLDER", f"{path} is a folder; name the catalogue file in it")
    if not path.is_file():
        raise _unusable("CATALOG_NOT_FOUND", f"there is no file {path}; check its name")
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            return JsonLines(path=path)
        case ".csv" | ".tsv":
            return Delimited(path=path)
        case ".parquet":
            return Parquet(path=path)
    description = (
        f"{path} is none of .jsonl, .ndjson, .csv, .tsv, .parquet; write it as one of them"
    )
    raise _unusable("CATALOG_FORMAT", description)


def _rejected(
    raw: RawRow, record: ProductRecord, field: str, reason: str, description: str
) -> RejectedRow:
    violation = Violation(field=field, reason=reason, description=description)
    return RejectedRow(number=raw.number, product_id=record.id, violations=(violation,))


def _unusable(reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field="CATALOG", reason=reason, description=description)])
