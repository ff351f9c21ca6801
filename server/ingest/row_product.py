"""One row of a catalogue file to one product record, or everything that is wrong with the row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from server.catalog.record import LocalizedText, ProductRecord
from server.errors import Violation
from server.ingest import cells
from server.ingest.cells import CellRefused
from server.ingest.columns import ColumnPlan, plain_name
from server.ingest.formats.protocol import RawRow
from server.ingest.picture_files import picture_names
from server.ingest.validate import (
    ATTRIBUTE_VALUES,
    ATTRIBUTES,
    IMAGES,
    VALUE_CHARACTERS,
    record_violations,
)

_FIELDS = {
    "category_paths": "categories",
    "images": "image",
    "price.currency_code": "currency",
    "rating.average": "rating",
    "rating.count": "rating_count",
}
_NOTHING: tuple[str, ...] = ()
_NO_OBJECT: Mapping[str, object] = {}
_LEVELS = re.compile(r"\s+>\s+")

_Value = TypeVar("_Value")


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The cells of one row, and what was found wrong with them so far."""

    plan: ColumnPlan
    row: RawRow
    violations: list[Violation] = field(default_factory=list)

    def cell(self, name: str) -> object:
        """What stands in a field's column; None where there is no column or no cell."""
        column = self.plan.fields.get(name)
        return None if column is None else self.row.values.get(column)

    def take(self, name: str, convert: Callable[[object], _Value], *, instead: _Value) -> _Value:
        """A converted cell; a refused one is noted and ``instead`` taken."""
        return self.convert(
            self.cell(name), convert, column=self.plan.fields.get(name, name), instead=instead
        )

    def convert(
        self, cell: object, convert: Callable[[object], _Value], *, column: str, instead: _Value
    ) -> _Value:
        """Convert any cell; ``column`` names it should it be refused."""
        try:
            return convert(cell)
        except CellRefused as refused:
            self.note(column, reason=refused.reason, description=refused.description)
            return instead

    def note(self, column: str, *, reason: str, description: str) -> None:
        """Add a violation."""
        self.violations.append(Violation(field=column, reason=reason, description=description))


def read_product(
    row: RawRow, *, plan: ColumnPlan, required: frozenset[str], text_cells: bool
) -> ProductRecord | tuple[Violation, ...]:
    """Read a row.

    ``required`` are the fields that may not be empty; ``text_cells`` says that lists stand in text.
    Violations name the file's own columns, and fields that have none by our name.
    """
    reading = _Reading(plan=plan, row=row)
    for name in sorted(required):
        if cells.is_empty(reading.cell(name)):
            column = plan.fields.get(name, name)
            description = f"the row has no {name}; every row needs one"
            reading.note(column, reason=f"{name.upper()}_MISSING", description=description)
    record = _record(reading, text_cells=text_cells)
    noted = {violation.field for violation in reading.violations}
    for found in record_violations(record):
        column = _column(found.field, plan=plan)
        # What stands in for a refused cell is not to be blamed a second time.
        if column not in noted:
            reading.note(column, reason=found.reason, description=found.description)
    return tuple(reading.violations) or record


def _record(reading: _Reading, *, text_cells: bool) -> ProductRecord:
    def lists(cell: object) -> tuple[str, ...]:
        return cells.texts(cell, text_cells=text_cells)

    paths = map(_path, reading.take("categories", lists, instead=_NOTHING))
    id_ = reading.take("id", cells.text, instead="")
    rating, rating_count = _rating(reading)
    return ProductRecord(
        id=id_,
        group_id=reading.take("group_id", cells.text, instead="") or id_,
        title=reading.take("title", cells.text, instead=""),
        description=reading.take("description", cells.text, instead=""),
        translations=_translations(reading),
        category_paths=tuple(dict.fromkeys(path for path in paths if path)),
        brand=reading.take("brand", cells.text, instead=""),
        color="/".join(reading.take("color", lists, instead=_NOTHING)),
        attributes=_attributes(reading, lists=lists),
        price=reading.take("price", cells.number, instead=None),
        list_price=reading.take("list_price", cells.number, instead=None),
        currency=reading.take("currency", cells.text, instead="").upper() or "USD",
        stock=reading.take("stock", cells.whole, instead=None),
        rating=rating,
        rating_count=rating_count,
        units_1_day=reading.take("units_1_day", cells.whole, instead=None),
        units_7_days=reading.take("units_7_days", cells.whole, instead=None),
        units_30_days=reading.take("units_30_days", cells.whole, instead=None),
        image_uris=reading.take("image", picture_names, instead=_NOTHING)[:IMAGES],
        create_seconds=reading.take("create_time", cells.seconds, instead=None),
    )


def _column(path: str, *, plan: ColumnPlan) -> str:
    """The file's column that a path of the record comes from."""
    name = path.split("[", maxsplit=1)[0]
    field_ = _FIELDS.get(name, name.split(".")[-1])
    return plan.fields.get(field_, field_)


def _rating(reading: _Reading) -> tuple[float | None, int]:
    """Mean and count; exports write 0 of 0 where nobody rated."""
    mean = reading.take("rating", cells.number, instead=None)
    count = reading.take("rating_count", cells.whole, instead=None) or 0
    return (None, 0) if mean is None or (mean == 0 and count == 0) else (mean, count)


def _path(raw: str) -> str:
    """A category path as ours are: levels joined by ``/``, also where they were by `` > ``.

    Example:
        >>> _path("Women > Tops > Tees"), _path("/Women//Tops/")
        ('Women/Tops/Tees', 'Women/Tops')
    """
    levels = (level.strip() for level in _LEVELS.sub("/", raw).split("/"))
    return "/".join(level for level in levels if level)


def _translations(reading: _Reading) -> Mapping[str, LocalizedText]:
    texts: dict[str, LocalizedText] = {}
    column = reading.plan.fields.get("translations", "")
    for tag, value in reading.take("translations", cells.objects, instead=_NO_OBJECT).items():
        inner = value if isinstance(value, dict) else {"title": value}
        _translate(reading, texts, tag=tag, column=f"{column}.{tag}", cells_=inner)
    for tag, column in reading.plan.titles.items():
        description = reading.plan.descriptions.get(tag)
        inner = {
            "title": reading.row.values.get(column),
            "description": None if description is None else reading.row.values.get(description),
        }
        _translate(reading, texts, tag=tag, column=column, cells_=inner)
    return texts


def _translate(
    reading: _Reading, texts: dict[str, LocalizedText], *, tag: str, column: str,
    cells_: Mapping[str, object],
) -> None:  # fmt: skip
    title, description = (
        reading.convert(cells_.get(name), cells.text, column=column, instead="")
        for name in ("title", "description")
    )
    if title:
        texts[tag] = LocalizedText(title=title, description=description)


def _attributes(
    reading: _Reading, *, lists: Callable[[object], tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    """What stands in columns that are none of our fields, left out where it cannot be one."""
    attributes: dict[str, tuple[str, ...]] = {}
    for name, column in reading.plan.attributes.items():
        cell = reading.row.values.get(column)
        if isinstance(cell, bool):
            cell = "true" if cell else "false"
        try:
            values = lists(cell)
        except CellRefused:
            continue
        short = tuple(value for value in values if len(value) <= VALUE_CHARACTERS)
        if short and len(attributes) < ATTRIBUTES:
            attributes[plain_name(name)] = short[:ATTRIBUTE_VALUES]
    return attributes
