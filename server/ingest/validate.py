"""What a product record may hold, with every violation at once, for calls and files alike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from server.catalog.record import LocalizedText, ProductRecord
from server.errors import Violation

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")

TITLE_CHARACTERS = 500
DESCRIPTION_CHARACTERS = 20_000
TRANSLATIONS = 16
CATEGORY_PATHS = 64
PATH_CHARACTERS = 250
BRAND_CHARACTERS = 200
COLOR_CHARACTERS = 100
ATTRIBUTES = 64
ATTRIBUTE_VALUES = 64
VALUE_CHARACTERS = 200
GROUP_CHARACTERS = 128
IMAGES = 16
URI_CHARACTERS = 2_000
LARGEST_INT32 = 2**31 - 1
LARGEST_AMOUNT = 1e12
LATEST_SECONDS = 253_402_300_799.0


def record_violations(
    record: ProductRecord, *, field: str = "", id_field: str = "id"
) -> list[Violation]:
    """Everything wrong with a record, empty if nothing is.

    ``field`` stands before every path (``products[3].``), ``id_field`` is what the caller calls the
    id. Paths are those of `omnishelf.v1.Product` otherwise: ``price``, ``rating.average``,
    ``attributes[size].values[2]``.
    """
    checks = (
        _identity(record, id_field=id_field),
        _texts(record),
        _categories(record),
        _attributes(record),
        _numbers(record),
        _pictures(record),
    )
    return [
        Violation(field=f"{field}{path}", reason=reason, description=description)
        for check in checks
        for path, reason, description in check
    ]


def signal_violations(record: ProductRecord, *, field: str = "") -> list[Violation]:
    """Everything wrong with a record's price, stock, rating and sales; paths as above."""
    return [
        Violation(field=f"{field}{path}", reason=reason, description=description)
        for path, reason, description in _numbers(record)
    ]


_Finding = tuple[str, str, str]


def _identity(record: ProductRecord, *, id_field: str) -> Iterator[_Finding]:
    if not _ID.fullmatch(record.id):
        description = "write an id of 1 to 128 letters, digits, '.', '_' or '-'"
        yield id_field, "ID_MALFORMED" if record.id else "ID_MISSING", description
    yield from _text("group_id", record.group_id, longest=GROUP_CHARACTERS)


def _texts(record: ProductRecord) -> Iterator[_Finding]:
    main = LocalizedText(title=record.title, description=record.description)
    yield from _localized("", main)
    yield from _count("translations", record.translations, most=TRANSLATIONS)
    for tag, text in record.translations.items():
        if not _LANGUAGE_TAG.fullmatch(tag):
            path = f"translations[{tag[:20]!r}]"
            yield path, "LANGUAGE_MALFORMED", "write a BCP-47 tag such as 'zh' or 'en-GB'"
        else:
            yield from _localized(f"translations[{tag}].", text)
    yield from _text("brand", record.brand, longest=BRAND_CHARACTERS)
    yield from _text("color", record.color, longest=COLOR_CHARACTERS)


def _localized(path: str, text: LocalizedText) -> Iterator[_Finding]:
    yield from _text(f"{path}title", text.title, longest=TITLE_CHARACTERS, needed=True)
    yield from _text(f"{path}description", text.description, longest=DESCRIPTION_CHARACTERS)


def _categories(record: ProductRecord) -> Iterator[_Finding]:
    yield from _count("category_paths", record.category_paths, most=CATEGORY_PATHS)
    for place, path in enumerate(record.category_paths):
        name = f"category_paths[{place}]"
        yield from _text(name, path.strip("/ "), longest=PATH_CHARACTERS, needed=True)


def _attributes(record: ProductRecord) -> Iterator[_Finding]:
    yield from _count("attributes", record.attributes, most=ATTRIBUTES)
    for name, values in record.attributes.items():
        if not _ATTRIBUTE_NAME.fullmatch(name):
            path = f"attributes[{name[:20]!r}]"
            yield path, "ATTRIBUTE_NAME", "name it with 1 to 64 letters, digits and '_'"
            continue
        path = f"attributes[{name}].values"
        yield from _count(path, values, most=ATTRIBUTE_VALUES)
        for place, value in enumerate(values):
            yield from _text(f"{path}[{place}]", value, longest=VALUE_CHARACTERS, needed=True)


def _numbers(record: ProductRecord) -> Iterator[_Finding]:
    if not _CURRENCY.fullmatch(record.currency):
        yield "price.currency_code", "CURRENCY_MALFORMED", "write an ISO 4217 code such as 'USD'"
    for path, value, least, most in (
        ("price", record.price, 0, LARGEST_AMOUNT),
        ("list_price", record.list_price, 0, LARGEST_AMOUNT),
        ("stock", record.stock, 0, LARGEST_INT32),
        ("rating.average", record.rating, 1, 5),
        ("rating.count", record.rating_count, 0, LARGEST_INT32),
        ("sales.units_1_day", record.units_1_day, 0, LARGEST_AMOUNT),
        ("sales.units_7_days", record.units_7_days, 0, LARGEST_AMOUNT),
        ("sales.units_30_days", record.units_30_days, 0, LARGEST_AMOUNT),
        ("create_time", record.create_seconds, 0, LATEST_SECONDS),
    ):
        yield from _number(path, value, least=least, most=most)


def _pictures(record: ProductRecord) -> Iterator[_Finding]:
    yield from _count("images", record.image_uris, most=IMAGES)
    for place, uri in enumerate(record.image_uris):
        yield from _text(f"images[{place}].uri", uri, longest=URI_CHARACTERS)


def _text(path: str, text: str, *, longest: int, needed: bool = False) -> Iterator[_Finding]:
    if needed and not text.strip():
        yield path, "TEXT_MISSING", f"write 1 to {longest:,} characters"
    if len(text) > longest:
        description = f"has {len(text):,} characters; write at most {longest:,}"
        yield path, "TEXT_TOO_LONG", description
    if _UNWRITABLE.search(text):
        description = "holds a NUL or half a surrogate pair; send well-formed Unicode without NUL"
        yield path, "TEXT_UNWRITABLE", description


def _count(path: str, members: Iterable[object], *, most: int) -> Iterator[_Finding]:
    found = sum(1 for _ in members)
    if found > most:
        yield path, "TOO_MANY", f"has {found:,} entries; give at most {most}"


def _number(path: str, value: float | None, *, least: float, most: float) -> Iterator[_Finding]:
    if value is None or least <= value <= most:
        return
    reason = "OUT_OF_RANGE" if math.isfinite(value) else "NOT_FINITE"
    yield path, reason, f"is {value}; give a number from {least:,.0f} to {most:,.0f}"
