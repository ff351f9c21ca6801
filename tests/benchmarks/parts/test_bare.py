"""The bare parts make what the server's own make."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.parts.bare import BarePictures, BareTexts, open_booster
from exporter.spec import STARTER_DIRECTORY, read_manifest
from ranker import registry
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder


@pytest.fixture(scope="module")
def ours() -> EmbeddedEncoder:
    return EmbeddedEncoder(STARTER_DIRECTORY, threads=1)


def test_texts_have_the_vectors_of_the_servers_towers(ours: EmbeddedEncoder) -> None:
    texts = ["red running shoes", "红色马克杯"]
    bare = BareTexts.open(STARTER_DIRECTORY)
    assert bare.tower(texts[0]) is not bare.tower(texts[1])
    vectors = np.stack([bare.encode(each) for each in texts])
    expected = ours.encode_texts(texts, deadline=Deadline.never())
    assert np.abs(vectors - expected).max() < 1e-5


def test_a_batch_is_padded_without_a_trace() -> None:
    tower = BareTexts.open(STARTER_DIRECTORY).other
    short, long = "mug", "a very large red mug with a blue handle"
    together = tower.encode([short, long])
    assert np.abs(together[0] - tower.encode([short])[0]).max() < 1e-4


def test_pictures_have_about_the_vectors_of_the_servers_tower(ours: EmbeddedEncoder) -> None:
    bare = BarePictures.open(STARTER_DIRECTORY, read_manifest(STARTER_DIRECTORY))
    assert bare is not None
    drawn = Image.new("RGB", (600, 400), (250, 250, 250))
    drawn.paste((180, 20, 30), (150, 80, 420, 330))
    file = io.BytesIO()
    drawn.save(file, "JPEG")

    pixels = bare.pixels(file.getvalue())

    assert pixels.shape == (bare.tower.height, bare.tower.width, 3)
    vector = bare.encode(pixels[None])[0]
    expected = ours.encode_pictures(pixels[None], deadline=Deadline.never())[0]
    assert float(vector @ expected) > 0.9999


def test_the_ranker_that_ships_opens_and_an_empty_folder_has_none() -> None:
    booster = open_booster(registry.DEFAULT_DIRECTORY)
    assert booster is not None
    assert booster.num_trees() > 0
    assert open_booster(STARTER_DIRECTORY) is None
