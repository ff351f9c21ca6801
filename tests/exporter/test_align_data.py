"""Rows to samples: joins, splits, groups, colours, and pictures that cannot be used."""

import numpy as np
import pytest

from exporter.align_data import make_samples

BLUE = np.full((104, 104, 3), (30, 60, 160), np.uint8)


def load(path: str) -> np.ndarray | None:
    return None if path.startswith("broken") else BLUE


def test_a_catalogue_row() -> None:
    row = {
        "id": "p1",
        "group_id": "g1",
        "title": "Argus",
        "categories": ["Men/Tops/Tanks"],
        "color": "Gray",
        "image": "a.jpg",
    }
    (sample,) = make_samples([row], source="shop", load=load)
    assert sample.group == "shop/g1"
    assert sample.source == "shop"
    assert sample.colour == "gray"
    assert "gray men's tank top" in sample.captions
    assert (sample.picture() == BLUE).all()


def test_a_photograph_borrows_its_product() -> None:
    rows = [
        {"id": "lime", "title": "Lime", "category": "Citrus", "color": "green", "image": "p.jpg"},
        {"id": "lime_1", "product_id": "lime", "split": "train", "image": "1.jpg"},
        {"id": "lime_2", "product_id": "lime", "split": "val", "image": "2.jpg"},
    ]
    product, photograph = make_samples(rows, source="grocer", load=load)
    assert photograph.captions == product.captions
    assert photograph.group == product.group == "grocer/lime"


@pytest.mark.parametrize(
    "row",
    [
        {"id": "1", "title": "Vase", "image": "broken.jpg"},
        {"id": "1", "title": "Vase"},
        {"id": "1", "title": "Vase", "image": None},
        {"id": "1", "title": "Vase", "image": "a.jpg", "split": "validation"},
        {"id": "1", "image": "a.jpg"},
        {"id": "1", "product_id": "unknown", "image": "a.jpg"},
    ],
    ids=["unreadable", "no picture", "null picture", "held out", "nothing to say", "orphan"],
)
def test_rows_left_out(row: dict[str, object]) -> None:
    assert make_samples([row], source="shop", load=load) == []


def test_a_missing_colour_is_seen() -> None:
    row = {"id": "1", "title": "Vase", "color": None, "image": "a.jpg"}
    (sample,) = make_samples([row], source="shop", load=load)
    assert sample.colour == "blue"
    assert sample.captions == ("vase", "blue vase")


def test_a_picture_that_vanishes_is_an_error_with_a_remedy() -> None:
    answers = iter([BLUE, None])
    row = {"id": "1", "title": "Vase", "image": "a.jpg"}
    (sample,) = make_samples([row], source="shop", load=lambda _: next(answers))
    with pytest.raises(OSError, match=r"a\.jpg can no longer be read"):
        sample.picture()
