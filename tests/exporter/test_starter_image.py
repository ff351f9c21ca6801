"""The shipped image tower: its contract, its size, and photographs it never learnt from."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from exporter.spec import STARTER_DIRECTORY, ImageTower, load_manifest
from server.encoders.image import prepare_picture

LARGEST_BYTES = 10_000_000
PHOTOS = 60


@pytest.fixture(scope="module")
def tower() -> ImageTower:
    image = load_manifest(STARTER_DIRECTORY).image
    assert image is not None
    return image


@pytest.fixture(scope="module")
def session(tower: ImageTower) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        STARTER_DIRECTORY / tower.file, options, providers=["CPUExecutionProvider"]
    )


def embed(
    session: onnxruntime.InferenceSession, tower: ImageTower, paths: list[Path]
) -> np.ndarray:
    return np.concatenate(
        [
            session.run(["embedding"], {"pixels": prepare_picture(path.read_bytes(), tower)[None]})[
                0
            ]
            for path in paths
        ]
    )


def test_the_file_is_small(tower: ImageTower) -> None:
    assert (STARTER_DIRECTORY / tower.file).stat().st_size <= LARGEST_BYTES


def test_any_picture_gives_a_unit_vector(
    session: onnxruntime.InferenceSession, tower: ImageTower
) -> None:
    random = np.random.default_rng(0)
    shape = (tower.height, tower.width, 3)
    pixels = np.stack(
        [
            np.zeros(shape, np.uint8),
            np.full(shape, 255, np.uint8),
            random.integers(0, 256, shape, dtype=np.uint8),
        ]
    )
    (embedding,) = session.run(["embedding"], {"pixels": pixels})
    assert np.linalg.norm(embedding, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.mark.shared
def test_shelf_photographs_find_their_product(
    session: onnxruntime.InferenceSession, tower: ImageTower, shared_datasets: Path
) -> None:
    folder = shared_datasets / "grocery"
    products, photos = (
        [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
        for name in ("catalog.jsonl", "photos.jsonl")
    )
    photos = [photo for photo in photos if photo["split"] == "val"][:: 296 // PHOTOS]
    shelves = embed(session, tower, [folder / product["image"] for product in products])
    asked = embed(session, tower, [folder / photo["image"] for photo in photos])
    first_five = np.argsort(-(asked @ shelves.T), axis=1)[:, :5]
    ids = np.array([product["id"] for product in products])
    found = [
        photo["product_id"] in ids[places] for photo, places in zip(photos, first_five, strict=True)
    ]
    assert np.mean(found) >= 0.85
