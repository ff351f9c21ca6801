"""Which column of a catalogue file is which field of a product."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from server.errors import InvalidRequest, Violation

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("product_id", "sku", "item_id", "code"),
    "group_id": ("item_group_id", "product_group_id", "parent_id", "parent_sku"),
    "title": ("name", "product_name", "product_title"),
    "description": ("product_description", "long_description", "body", "details"),
    "categories": (
        "category_paths", "category_path", "category", "product_category",
        "google_product_category", "product_type",
    ),
    "brand": ("manufacturer", "vendor"),
    "color": ("colour", "main_color", "base_color", "base_colour", "basecolour"),
    "price": ("current_price", "sale_price"),
    "list_price": ("original_price", "regular_price", "compare_at_price", "msrp"),
    "currency": ("currency_code", "price_currency"),
    "stock": ("stock_quantity", "quantity", "inventory", "qty"),
    "rating": ("average_rating", "rating_average", "stars"),
    "rating_count": ("review_count", "reviews_count", "number_of_reviews", "num_reviews"),
    "units_1_day": ("units_1_days", "units_1d", "sales_1d", "sales_1_day"),
    "units_7_days": ("units_7d", "sales_7d", "sales_7_days"),
    "units_30_days": ("units_30d", "sales_30d", "sales_30_days", "units_sold", "sales"),
    "create_time": ("created_at", "created", "release_date", "date_added"),
    "translations": (),
    "image": ("images", "image_path", "image_file", "picture", "photo", "image_url", "image_link"),
}  # fmt: skip
"""Our fields, each with what other catalogues call it; the first that a file has is taken."""

_LANGUAGES = frozenset(
    [
        "ar",
        "bg",
        "bn",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "lt",
        "lv",
        "ms",
        "nb",
        "nl",
        "no",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sr",
        "sv",
        "th",
        "tr",
        "uk",
        "ur",
        "vi",
        "zh",
    ]
)
_SCRIPT = 4
_TRANSLATED = re.compile(r"(title|name|description)_([a-z]{2})(?:_([a-z]{2,4}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """Where each field of a product stands in a file.

    ``fields`` maps our names to columns, ``titles`` and ``descriptions`` BCP-47 tags to columns;
    ``attributes`` maps attribute names to the columns that are none of these.
    """

    fields: Mapping[str, str]
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    attributes: Mapping[str, str]


def plan_columns(columns: Sequence[str], *, mapping: Mapping[str, str]) -> ColumnPlan:
    """Find every field: by ``mapping`` (ours to theirs), else by its name, else by an alias.

    Names are compared without case, and with spaces and hyphens as underscores; of two columns that
    are then the same, the first counts. Where a file has no title but has translated ones, the
    English, or else the first, is the title, and its description goes with it.

    Raises:
        InvalidRequest: the mapping names a field that is not ours or a column that is not theirs.

    Example:
        >>> plan = plan_columns(["SKU", "Name", "name_zh", "Fabric"], mapping={})
        >>> plan.fields, plan.titles, plan.attributes
        ({'id': 'SKU', 'title': 'Name'}, {'zh': 'name_zh'}, {'fabric': 'Fabric'})
    """
    _check_mapping(mapping, columns=columns)
    free: dict[str, str] = {}
    for column in columns:
        if column not in mapping.values():
            free.setdefault(plain_name(column), column)
    fields = {ours: theirs for ours, theirs in mapping.items() if ours in ALIASES}
    for field, aliases in ALIASES.items():
        if field not in fields:
            found = next((name for name in (field, *aliases) if name in free), None)
            if found is not None:
                fields[field] = free.pop(found)
    texts: dict[str, dict[str, str]] = {"title": {}, "description": {}}
    named = {ours: theirs for ours, theirs in mapping.items() if ours not in ALIASES} | free
    for name, column in named.items():
        if (translated := _translated(name)) is not None:
            kind, tag = translated
            texts[kind].setdefault(tag, column)
            free.pop(name, None)
    titles, descriptions = texts["title"], texts["description"]
    if titles and "title" not in fields:
        tag = "en" if "en" in titles else next(iter(titles))
        fields["title"] = titles.pop(tag)
        if tag in descriptions:
            fields.setdefault("description", descriptions.pop(tag))
    return ColumnPlan(
        fields={field: fields[field] for field in ALIASES if field in fields},
        titles=titles,
        descriptions=descriptions,
        attributes={name: column for name, column in free.items() if name},
    )


def plain_name(column: str) -> str:
    """Bring a column's name to the letters, digits and underscores that ours are made of.

    Example:
        >>> plain_name(" Fabric / Type")
        'fabric_type'
    """
    return re.sub(r"[^a-z0-9]+", "_", column.strip().casefold()).strip("_")[:64]


def parse_mapping(options: Iterable[str]) -> dict[str, str]:
    """Read ``ours=theirs`` options.

    Raises:
        InvalidRequest: an option without ``=``, without a name on either side, or given twice.
    """
    mapping: dict[str, str] = {}
    violations = []
    for option in options:
        ours, _, theirs = (part.strip() for part in option.partition("="))
        if not ours or not theirs:
            violations.append(_violation(f"{option!r} is not ours=theirs, as in title=Name"))
        elif ours in mapping:
            violations.append(_violation(f"{ours} is mapped twice; keep one"))
        mapping[ours] = theirs
    if violations:
        raise InvalidRequest(violations)
    return mapping


def _check_mapping(mapping: Mapping[str, str], *, columns: Sequence[str]) -> None:
    violations = []
    for ours, theirs in mapping.items():
        if ours not in ALIASES and _translated(ours) is None:
            nearest = _nearest(ours, names=ALIASES)
            known = ", ".join(ALIASES)
            violations.append(_violation(f"{ours} is no field of ours{nearest}; ours are {known}"))
        if theirs not in columns:
            nearest = _nearest(theirs, names=columns)
            violations.append(_violation(f"the file has no column {theirs!r}{nearest}"))
    if violations:
        raise InvalidRequest(violations)


def _nearest(name: str, *, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _violation(description: str) -> Violation:
    return Violation(field="--map", reason="MAP_INVALID", description=description)


def _translated(name: str) -> tuple[str, str] | None:
    match = _TRANSLATED.fullmatch(name)
    if match is None or match[2] not in _LANGUAGES:
        return None
    kind = "description" if match[1] == "description" else "title"
    region = match[3]
    if region is None:
        return kind, match[2]
    # BCP 47 writes countries (zh-CN) in capitals and scripts (zh-Hans) as a title.
    return kind, f"{match[2]}-{region.title() if len(region) == _SCRIPT else region.upper()}"
