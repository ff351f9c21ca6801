"""Writes the sample shop: a catalogue, its pictures, and queries with graded relevance."""

from __future__ import annotations

import datetime as dt
import json
import random
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from server.sample_shop.assortment import Article, stock_shop
from server.sample_shop.picture import Pose, photograph
from server.sample_shop.queries import SampleQuery, ask_shop
from server.sample_shop.wording import (
    category_path,
    chinese_description,
    chinese_title,
    english_description,
    english_title,
)

DEFAULT_PRODUCTS = 600
_OPENED = dt.date(2026, 1, 1)  # fixed, so that the same seed gives the same bytes
_PAINTERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleShop:
    """Where a sample shop was written."""

    catalog: Path
    queries: Path
    products: int


def write_sample_shop(
    directory: Path,
    *,
    seed: int,
    products: int = DEFAULT_PRODUCTS,
    progress: Callable[[int], None] = lambda _: None,
) -> SampleShop:
    """Write ``catalog.jsonl``, ``queries.jsonl``, ``images/`` and ``query_images/``.

    The same seed and number give the same shop byte for byte, with the same release of Pillow.
    ``progress`` is told how many pictures were drawn, from one thread at a time.
    """
    images, query_images = directory / "images", directory / "query_images"
    for folder in (images, query_images):
        folder.mkdir(parents=True, exist_ok=True)
    articles = stock_shop(seed=seed, products=products)
    with ThreadPoolExecutor(_PAINTERS) as painters:
        pictures = painters.map(lambda article: _portrait(article, seed=seed), articles)
        for done, (article, picture) in enumerate(zip(articles, pictures, strict=True), start=1):
            (images / f"{article.id}.png").write_bytes(picture)
            progress(done)
    queries = ask_shop(articles, seed=seed)
    for query in queries:
        if query.picture is not None:
            (query_images / f"{query.id}.png").write_bytes(query.picture)
    shop = SampleShop(
        catalog=directory / "catalog.jsonl",
        queries=directory / "queries.jsonl",
        products=len(articles),
    )
    _write_lines(shop.queries, map(query_row, queries))
    # The catalogue comes last: where it stands, the shop is whole.
    _write_lines(shop.catalog, map(catalog_row, articles))
    return shop


def catalog_row(article: Article) -> dict[str, object]:
    """An article as a line of a catalogue."""
    design = article.design
    created = _OPENED - dt.timedelta(days=design.age_days)
    row: dict[str, object] = {
        "id": article.id,
        "group_id": design.group_id,
        "title": english_title(design),
        "title_zh": chinese_title(article),
        "description": english_description(article),
        "description_zh": chinese_description(article),
        "categories": [category_path(design)],
        "brand": design.brand,
        "color": article.color.english,
        "material": [design.material[0]],
        "pattern": [design.pattern],
        "style": [design.style[0]],
        "price": design.price,
        "list_price": design.list_price,
        "currency": "USD",
        "stock": article.stock,
        "rating": article.rating,
        "rating_count": article.rating_count,
        "units_1_day": article.units_1_day,
        "units_7_days": article.units_7_days,
        "units_30_days": article.units_30_days,
        "create_time": created.isoformat(),
        "image": f"images/{article.id}.png",
    }
    return {name: value for name, value in row.items() if value is not None}


def query_row(query: SampleQuery) -> dict[str, object]:
    """A query as a line of a file of queries."""
    row: dict[str, object] = {"id": query.id, "relevance": dict(query.relevance)}
    if query.text is not None:
        row |= {"text": query.text, "lang": query.language}
    if query.picture is not None:
        row["image"] = f"query_images/{query.id}.png"
    return row


def _portrait(article: Article, *, seed: int) -> bytes:
    # An own seed for each picture, so that it depends neither on its neighbours nor on threads.
    random_ = random.Random(zlib.crc32(f"{seed}:{article.id}".encode()))  # noqa: S311
    return photograph(
        article.design.kind.drawing(),
        color=article.color.rgb,
        pattern=article.design.pattern,
        pose=Pose.drawn(random_),
    )


def _write_lines(path: Path, rows: Iterable[dict[str, object]]) -> None:
    temporary = path.with_name(f".{path.name}.part")
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with temporary.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(lines)
    temporary.replace(path)
