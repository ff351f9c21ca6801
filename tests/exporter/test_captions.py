"""Captions of catalogue rows, written out."""

import pytest

from exporter.captions import compose_captions


@pytest.mark.parametrize(
    ("fields", "captions"),
    [
        (
            {"title": "Argus", "categories": ["Sale", "Men/Tops/Tanks"], "colour": "Gray"},
            (
                "gray men's tank top",
                "gray tank top",
                "men's tank top",
                "gray tank top for men",
                "tank top",
                "tanks",
                "gray men tops tanks",
                "gray men tanks argus",
            ),
        ),
        (
            {"title": "Joust Duffle", "categories": ["Gear/Bags"]},
            ("bags", "gear bags", "gear bags joust duffle"),
        ),
        (
            {"title": "Granny Smith", "categories": ["Apple"], "colour": "green"},
            (
                "granny smith",
                "granny smith apple",
                "apple",
                "green granny smith apple",
                "green apple",
            ),
        ),
        (
            {"title": "Red Bell Pepper", "categories": ["Pepper"], "colour": "red"},
            ("red bell pepper", "pepper", "red pepper"),
        ),
        ({"categories": ["longsleeve"]}, ("long sleeve shirt", "long sleeve top", "sweater")),
        ({"title": "Vase", "colour": "blue"}, ("vase", "blue vase")),
        ({"colour": "blue"}, ()),
        ({}, ()),
        ({"categories": ["", " / "]}, ()),
    ],
    ids=[
        "shelf with audience",
        "shelf without",
        "one category",
        "colour in the title",
        "category alone",
        "title alone",
        "colour alone",
        "nothing",
        "empty paths",
    ],
)
def test_captions(fields: dict[str, object], captions: tuple[str, ...]) -> None:
    assert compose_captions(**fields) == captions  # type: ignore[arg-type]


def test_a_label_of_two_things_gives_both() -> None:
    captions = compose_captions(categories=["Women/Tops/Hoodies & Sweatshirts"], colour="red")
    assert {"red women's hoodie", "red women's sweatshirt", "hoodies & sweatshirts"} <= set(
        captions
    )
