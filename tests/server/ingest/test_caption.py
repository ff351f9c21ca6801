from __future__ import annotations

import pytest

from server.catalog.record import LocalizedText, ProductRecord
from server.ingest.caption import captions

DESCRIPTION = "Golden apples with a soft taste. Good for cakes."


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "Cora Pant"}, ("Cora Pant",)),
        (
            {"title": "Cora Pant", "color": "Blue", "category_paths": ("Sale", "Women/Pants")},
            ("blue women pants, Cora Pant",),
        ),
        ({"title": "Cora Pant", "color": "Sky Blue"}, ("sky blue, Cora Pant",)),
        ({"title": "Fuji", "category_paths": ("Apple",)}, ("apple, Fuji",)),
        (
            {"title": "Fuji", "description": DESCRIPTION},
            ("Fuji, Golden apples with a soft taste.",),
        ),
        (
            {"title": "A title of four words", "description": DESCRIPTION},
            ("A title of four words",),
        ),
        (
            {"title": "Fuji", "category_paths": ("Apple",), "description": DESCRIPTION},
            ("apple, Fuji",),
        ),
        (
            {
                "title": "Cora Pant",
                "color": "Blue",
                "translations": {"zh": LocalizedText(title="蓝色 长裤")},
            },
            ("blue, Cora Pant", "蓝色 长裤"),
        ),
        (
            {"title": "蓝色长裤", "color": "Blue", "category_paths": ("Women/Pants",)},
            ("blue women pants", "蓝色长裤"),
        ),
        (
            {"title": "长裤", "color": "蓝色", "category_paths": ("女装/裤子",)},
            ("蓝色 女装 裤子, 长裤",),
        ),
        ({"title": "长裤", "description": "柔软。舒适。"}, ("长裤",)),
        (
            {"title": "Mug", "translations": {"en": LocalizedText(title="Mug")}},
            ("Mug",),
        ),
        ({"title": "  two \n lines "}, ("two lines",)),
    ],
)
def test_captions(fields: dict[str, object], expected: tuple[str, ...]) -> None:
    record = ProductRecord(**{"id": "p", "group_id": "p", **fields})  # type: ignore[arg-type]

    assert captions(record) == expected
