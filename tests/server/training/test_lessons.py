"""Lessons come from the served pipeline; snapshots and shops are what they say."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.catalog.record import ProductRecord
from server.errors import InvalidRequest
from server.training.lessons import example_questions, picture_questions, text_questions
from server.training.shops import ShopFiles
from server.training.snapshots import snapshot


def png(color: str) -> bytes:
    written = io.BytesIO()
    image = Image.new("RGB", (120, 160), "white")
    image.paste(color, (30, 40, 90, 120))
    image.save(written, "PNG")
    return written.getvalue()


def product(identifier: str, *, group: str, path: str, color: str) -> ProductRecord:
    return ProductRecord(
        id=identifier, title=f"Nova {path}", category_paths=(path,), color=color, group_id=group
    )


SHOP = [
    product("a-red", group="a", path="Home/Mugs", color="red"),
    product("a-blue", group="a", path="Home/Mugs", color="blue"),
    product("b-red", group="b", path="Home/Mugs", color="red"),
    product("c-blue", group="c", path="Home/Mugs", color="blue"),
    product("lamp", group="l", path="Home/Lamps", color="red"),
]


def test_a_snapshot_is_another_picture_of_the_same_thing() -> None:
    original = png("red")
    taken = snapshot(original, rng=random.Random(1))
    with Image.open(io.BytesIO(taken)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= 320
        red, green, _ = np.asarray(image.convert("RGB")).reshape(-1, 3).T
        assert ((red > 150) & (green < 100)).mean() > 0.1
    assert taken == snapshot(original, rng=random.Random(1))
    assert taken != snapshot(original, rng=random.Random(2))


def test_a_picture_asks_for_itself_then_its_variants_then_its_look_then_its_kind() -> None:
    (question,) = picture_questions(SHOP, {"a-red": png("red")}, count=5, seed=1)
    assert dict(question.relevance) == {"a-red": 1.0, "a-blue": 0.8, "b-red": 0.5, "c-blue": 0.35}


def test_an_example_asks_for_what_its_picture_would() -> None:
    questions = {each.key: each for each in example_questions(SHOP, count=9, seed=1)}
    assert set(questions) == {"example a", "example b", "example c", "example l"}
    assert dict(questions["example l"].relevance) == {"lamp": 1.0}


def test_words_ask_with_relevance_from_none_to_one() -> None:
    questions = text_questions(SHOP, count=30, seed=1)
    assert len({question.key for question in questions}) == len(questions) > 5
    grades = {grade for question in questions for grade in question.relevance.values()}
    assert grades == {0.5, 1.0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jsonl", ShopFiles(catalogue=Path("a.jsonl"))),
        ("a.jsonl,q.jsonl", ShopFiles(catalogue=Path("a.jsonl"), queries=Path("q.jsonl"))),
        (
            "a.jsonl,q.jsonl,val",
            ShopFiles(catalogue=Path("a.jsonl"), queries=Path("q.jsonl"), split="val"),
        ),
    ],
)
def test_a_shop_is_named_by_its_files(text: str, expected: ShopFiles) -> None:
    assert ShopFiles.parse(text) == expected


@pytest.mark.parametrize("text", ["", ",q.jsonl", "a,b,c,d"])
def test_a_malformed_shop_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ShopFiles.parse(text)
    assert caught.value.reason == "SHOP_MALFORMED"
