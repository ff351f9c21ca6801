"""A published model's record says the same when read again, and a bad one says what to do."""

import json
from pathlib import Path

import pytest

from exporter.triton.errors import RepositoryError
from exporter.triton.options import ServingOptions
from exporter.triton.record import (
    RECORD_NAME,
    PublishedModel,
    read_record,
    record_document,
    record_text,
)

MODEL = PublishedModel(
    name="shop_12345678_text",
    bundle_id="shop_12345678",
    file="text.onnx",
    options=ServingOptions(runtime="python", instances=3),
    versions={9: {"model.onnx": "aa"}, 10: {"model.onnx": "bb"}},
)


def test_the_newest_version_is_the_largest_number() -> None:
    assert MODEL.version == 10


def test_a_record_says_the_same_when_read_again(tmp_path: Path) -> None:
    (tmp_path / RECORD_NAME).write_text(record_text(MODEL), "utf-8")
    assert read_record(tmp_path) == MODEL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps(record_document(MODEL) | {"format": 2}),
        json.dumps(record_document(MODEL) | {"options": {"instances": 0}}),
        json.dumps(record_document(MODEL) | {"options": {"colour": "red"}}),
        json.dumps(record_document(MODEL) | {"versions": {"one": {}}}),
    ],
)
def test_a_bad_record_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD_NAME).write_text(text, "utf-8")
    with pytest.raises(RepositoryError, match="publish the bundle again") as refused:
        read_record(tmp_path)
    assert refused.value.reason == "REPOSITORY_RECORD"


def test_no_record_is_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError) as refused:
        read_record(tmp_path)
    assert refused.value.reason == "REPOSITORY_RECORD"
