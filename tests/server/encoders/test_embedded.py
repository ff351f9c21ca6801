"""The starter bundle in this process: unit rows, whatever the batch, and no bundle unverified."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exporter.spec import (
    MANIFEST_NAME,
    STARTER_DIRECTORY,
    file_record,
    read_manifest,
    write_manifest,
)
from server.deadline import Deadline
from server.encoders.embedded import PICTURES_A_RUN, EmbeddedEncoder
from server.errors import DataCorrupted, DeadlineExceeded, FailedPrecondition

NEVER = Deadline.never()
TEXTS = ["blue women's pants", "蓝色的女士长裤", "a", "Nike 黑色T恤 XL", "red mug " * 60, "杯子"]


@pytest.fixture(scope="module")
def encoder() -> Iterator[EmbeddedEncoder]:
    opened = EmbeddedEncoder(STARTER_DIRECTORY, threads=1)
    yield opened
    opened.close()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STARTER_DIRECTORY, tmp_path / "bundle"))


def test_texts_of_both_languages_come_back_in_order_whatever_the_batch(
    encoder: EmbeddedEncoder,
) -> None:
    together = encoder.encode_texts(TEXTS, deadline=NEVER)
    alone = np.concatenate([encoder.encode_texts([text], deadline=NEVER) for text in TEXTS])
    assert together.shape == (len(TEXTS), encoder.manifest.dimension)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize(
    ("chinese", "english", "other"),
    [
        ("蓝色的女士长裤", "blue women's pants", "red coffee mug"),
        ("苹果", "apple", "running shoes"),
        ("双肩包", "backpack", "orange juice"),
    ],
)
def test_chinese_lands_where_the_english_is(
    encoder: EmbeddedEncoder, chinese: str, english: str, other: str
) -> None:
    said, meant, not_meant = encoder.encode_texts([chinese, english, other], deadline=NEVER)
    assert said @ meant > 0.6
    assert said @ meant > said @ not_meant + 0.3


def test_pictures_are_unit_rows_whatever_the_batch(encoder: EmbeddedEncoder) -> None:
    tower = encoder.manifest.image
    assert tower is not None
    count = PICTURES_A_RUN + 1
    pixels = np.random.default_rng(0).integers(
        0, 256, (count, tower.height, tower.width, 3), dtype=np.uint8
    )
    together = encoder.encode_pictures(pixels, deadline=NEVER)
    assert together.shape == (count, encoder.manifest.dimension)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(
        together[-1:], encoder.encode_pictures(pixels[-1:], deadline=NEVER), atol=1e-4
    )


def test_nothing_in_gives_nothing_out(encoder: EmbeddedEncoder) -> None:
    assert encoder.encode_texts([], deadline=NEVER).shape == (0, encoder.manifest.dimension)


def test_a_passed_deadline_starts_no_run(encoder: EmbeddedEncoder) -> None:
    with pytest.raises(DeadlineExceeded):
        encoder.encode_texts(["late"], deadline=Deadline.after(0))


def test_an_edited_tower_is_refused_by_its_hash(copied: Path) -> None:
    tower = copied / read_manifest(copied).text[0].file
    data = bytearray(tower.read_bytes())
    data[len(data) // 2] ^= 1
    tower.write_bytes(data)
    with pytest.raises(DataCorrupted, match=tower.name) as caught:
        EmbeddedEncoder(copied, threads=1)
    assert caught.value.reason == "BUNDLE_HASH"


def test_a_tower_that_is_no_model_is_refused_though_its_hash_is_right(copied: Path) -> None:
    manifest = read_manifest(copied)
    tower = copied / manifest.text[0].file
    tower.write_bytes(b"not a model")
    files = {**manifest.files, tower.name: file_record(tower)}
    write_manifest(copied, replace(manifest, files=files))
    with pytest.raises(DataCorrupted) as caught:
        EmbeddedEncoder(copied, threads=1)
    assert caught.value.reason == "BUNDLE_UNPARSABLE"


def test_a_folder_without_a_bundle_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match=MANIFEST_NAME) as caught:
        EmbeddedEncoder(tmp_path, threads=1)
    assert caught.value.reason == "BUNDLE_NOT_FOUND"


def test_a_bundle_without_an_image_tower_refuses_pictures(copied: Path) -> None:
    write_manifest(copied, replace(read_manifest(copied), image=None))
    encoder = EmbeddedEncoder(copied, threads=1)
    with pytest.raises(FailedPrecondition) as caught:
        encoder.encode_pictures(np.zeros((1, 8, 8, 3), np.uint8), deadline=NEVER)
    assert caught.value.reason == "NO_IMAGE_TOWER"


@pytest.mark.parametrize("fault", ["another dimension", "a picture's tower for text"])
def test_a_tower_unlike_the_manifest_is_refused_when_it_is_opened(copied: Path, fault: str) -> None:
    manifest = read_manifest(copied)
    if fault == "another dimension":
        changed = replace(manifest, dimension=manifest.dimension + 1)
    else:
        assert manifest.image is not None
        text = tuple(replace(tower, file=manifest.image.file) for tower in manifest.text)
        changed = replace(manifest, text=text)
    write_manifest(copied, changed)
    with pytest.raises(DataCorrupted, match="export the bundle again") as caught:
        EmbeddedEncoder(copied, threads=1)
    assert caught.value.reason == "BUNDLE_TOWER"
