"""What `omnishelf demo` asks: of the sample shop, or of whatever catalogue it was given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from server.catalog.record import ProductRecord
from server.commands.search_request import SearchOptions, ViewName
from server.ingest.files import CatalogFile, ProductRow

HITS = 5
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: what it shows, and the search it is."""

    title: str
    options: SearchOptions


def sample_shop_questions(queries: Path, *, catalog: str) -> list[Question]:
    """Words in two languages, a picture, both together, and a filter, of the sample shop."""
    rows = [json.loads(line) for line in queries.read_text("utf-8").splitlines()]
    pictures = [
        queries.parent / row["image"] for row in rows if "image" in row and "text" not in row
    ]
    questions = [
        _question("English words", catalog, text="red polka dot dress for women"),
        _question("Chinese words", catalog, text="适合跑步的轻便运动鞋"),
        _question("both languages", catalog, text="蓝色 backpack 旅行"),
    ]
    if pictures:
        picture = pictures[0]
        questions += [
            _question("a picture", catalog, picture=picture),
            _question("a picture and words", catalog, picture=picture, text="in black"),
        ]
    in_the_kitchen = 'category:"Kitchen" AND price < 40 AND stock > 0'
    questions.append(
        _question("words and a filter", catalog, text="red dishes", filter_text=in_the_kitchen)
    )
    return questions


def catalogue_questions(file: CatalogFile, *, catalog: str) -> list[Question]:
    """The same kinds of question made from products in the middle of a catalogue."""
    products = [row for row in islice(file, _LOOKED_AT) if isinstance(row, ProductRow)]
    return list(_about(products, folder=file.pictures, catalog=catalog)) if products else []


def _about(products: Sequence[ProductRow], *, folder: Path, catalog: str) -> Iterator[Question]:
    row = products[len(products) // 2]
    record = row.record
    leaf = record.deepest_category.rpartition("/")[2] or record.title
    words = f"{record.color} {leaf}".strip().lower()
    yield _question("words", catalog, text=words)
    chinese = _chinese_title(products)
    if chinese:
        yield _question("Chinese words", catalog, text=chinese)
    picture = folder / record.image_uris[0] if record.image_uris else None
    if picture is not None and picture.is_file():
        yield _question("a picture", catalog, picture=picture)
        yield _question("a picture and words", catalog, picture=picture, text=words)
    if record.price is not None:
        limit = f"price <= {record.price:.2f}"
        yield _question("words and a filter", catalog, text=leaf.lower(), filter_text=limit)


def _chinese_title(products: Sequence[ProductRow]) -> str | None:
    return next((title for row in products if (title := _in_chinese(row.record))), None)


def _in_chinese(record: ProductRecord) -> str | None:
    return next(
        (text.title for tag, text in record.translations.items() if tag.split("-")[0] == "zh"), None
    )


def _question(
    kind: str,
    catalog: str,
    *,
    text: str | None = None,
    picture: Path | None = None,
    filter_text: str = "",
) -> Question:
    said = " + ".join(
        part
        for part in (f"“{text}”" if text else "", picture.name if picture else "", filter_text)
        if part
    )
    options = SearchOptions(
        text=text,
        images=(picture,) if picture else (),
        products=(),
        weights=(),
        filter_text=filter_text,
        catalog=catalog,
        page_size=HITS,
        view=ViewName.ALL,
        variety=None,
        explain=False,
    )
    return Question(title=f"By {kind}: {said}", options=options)
