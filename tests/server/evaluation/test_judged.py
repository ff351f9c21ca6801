"""Files of queries: what a line may be, and what is refused with its number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.errors import InvalidRequest
from server.evaluation.judged import JudgedQuery, RejectedQuery, read_judged
from server.query import PicturePart, QueryPart, TextPart


def written(folder: Path, *lines: dict[str, object] | str) -> Path:
    path = folder / "queries.jsonl"
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(text), "utf-8")
    return path


def test_every_kind_of_line(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    path = written(
        tmp_path,
        {"text": "blue mug", "lang": "en", "relevance": {"a": 2, "b": 0, "c": 1}},
        {"text": "蓝色杯子", "relevance": {"a": 1}},
        {"text": "tasse bleue", "lang": "fr", "relevance": {"a": 1}},
        {"image": "a.jpg", "product_id": "a"},
        {"text": "like this, blue", "image": "a.jpg", "relevance": {"a": 0.5}},
    )
    assert list(read_judged(path)) == [
        JudgedQuery(line=1, text="blue mug", picture=None, language="en", grades={"a": 2, "c": 1}),
        JudgedQuery(line=2, text="蓝色杯子", picture=None, language="zh", grades={"a": 1}),
        JudgedQuery(line=3, text="tasse bleue", picture=None, language="fr", grades={"a": 1}),
        JudgedQuery(line=4, text=None, picture=b"picture", language="none", grades={"a": 1}),
        JudgedQuery(
            line=5, text="like this, blue", picture=b"picture", language="en", grades={"a": 0.5}
        ),
    ]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("{", "row", "ROW_NOT_JSON"),
        ({"relevance": {"a": 1}}, "text", "QUERY_EMPTY"),
        ({"text": 5, "relevance": {"a": 1}}, "text", "NOT_TEXT"),
        ({"image": "none.jpg", "relevance": {"a": 1}}, "image", "PICTURE_NOT_FOUND"),
        ({"image": "../a.jpg", "relevance": {"a": 1}}, "image", "PICTURE_OUTSIDE"),
        ({"text": "mug"}, "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": ["a"]}, "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": {"a": "2"}}, "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": {"a": -1}}, "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": {"a": True}}, "relevance", "RELEVANCE_INVALID"),
        ('{"text": "mug", "relevance": {"a": NaN}}', "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": {"a": 1000}}, "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": {"a": 0}}, "relevance", "RELEVANCE_INVALID"),
        ({"text": "mug", "relevance": {}}, "relevance", "RELEVANCE_INVALID"),
    ],
)
def test_a_bad_line_is_rejected_and_the_next_is_read(
    tmp_path: Path, line: dict[str, object] | str, field: str, reason: str
) -> None:
    path = written(tmp_path, line, {"text": "mug", "relevance": {"a": 1}})
    bad, good = read_judged(path)
    assert isinstance(bad, RejectedQuery)
    assert (bad.line, bad.violation.field, bad.violation.reason) == (1, field, reason)
    assert isinstance(good, JudgedQuery)


def test_a_split_is_taken_alone(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"text": "a", "split": "train", "product_id": "x"},
        {"text": "b", "split": "val", "product_id": "x"},
        {"text": "c", "product_id": "x"},
    )
    assert [line.line for line in read_judged(path, split="val")] == [2]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no file"):
        list(read_judged(tmp_path / "none.jsonl"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "split", "queries"),
    [("luma/queries.jsonl", None, 145), ("grocery/photos.jsonl", "val", 296)],
)
def test_the_shared_queries_are_read_as_they_stand(
    shared_datasets: Path, file: str, split: str | None, queries: int
) -> None:
    read = list(read_judged(shared_datasets / file, split=split))
    assert len(read) == queries
    assert all(isinstance(line, JudgedQuery) for line in read)


@pytest.mark.parametrize(
    ("text", "picture", "parts"),
    [
        ("mug", None, (TextPart(text="mug"),)),
        (None, b"p", (PicturePart(data=b"p", field="query[0].image"),)),
        ("mug", b"p", (TextPart(text="mug"), PicturePart(data=b"p", field="query[1].image"))),
    ],
)
def test_what_the_pipeline_is_asked(
    text: str | None, picture: bytes | None, parts: tuple[QueryPart, ...]
) -> None:
    query = JudgedQuery(line=1, text=text, picture=picture, language="en", grades={"a": 1})
    assert query.parts() == parts
