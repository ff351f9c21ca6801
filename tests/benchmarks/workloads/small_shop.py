"""A shop of four products, drawn into a folder, and its judged queries."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

PRODUCTS: tuple[dict[str, object], ...] = (
    {"id": "mug-red", "title": "Red mug", "color": "red", "category": "Home/Mugs", "price": 8.0},
    {"id": "mug-blue", "title": "Blue mug", "color": "blue", "category": "Home/Mugs", "price": 9.0},
    {"id": "lamp", "title": "Lamp", "color": "red", "category": "Home/Lamps", "price": 30.0},
    {"id": "shoe", "title": "Shoe", "color": None, "category": "Shoes", "price": 50.0},
)
QUERIES: tuple[dict[str, object], ...] = (
    {"text": "red mug", "relevance": {"mug-red": 2, "mug-blue": 1}},
    {"text": "红色的杯子", "relevance": {"mug-red": 2, "gone": 1}},
    {"text": "lamp", "product_id": "lamp"},
    {"text": "nothing", "product_id": "gone"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallShop:
    """Its files."""

    catalogue: Path
    queries: Path


def write_small_shop(folder: Path, *, pictures: int = 3) -> SmallShop:
    """The catalogue, with a picture for each of the first products, and the queries."""
    rows = []
    for place, product in enumerate(PRODUCTS):
        image = None
        if place < pictures:
            image = f"{product['id']}.png"
            (folder / image).write_bytes(picture(shade=40 * place))
        rows.append(product | {"image": image})
    shop = SmallShop(catalogue=folder / "catalog.jsonl", queries=folder / "queries.jsonl")
    shop.catalogue.write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    shop.queries.write_text("".join(json.dumps(each) + "\n" for each in QUERIES), "utf-8")
    return shop


def picture(*, shade: int) -> bytes:
    """A square on a ground, as PNG."""
    made = Image.new("RGB", (60, 40), (250, 250, 250))
    made.paste((shade, 200 - shade, 90), (10, 10, 40, 30))
    file = io.BytesIO()
    made.save(file, "PNG")
    return file.getvalue()
