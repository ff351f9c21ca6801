"""The label-free half of an embedding: what it keeps and what it leaves alone."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the exporter's extra is not installed")

from exporter.likeness import fit_likeness, unused_directions
from exporter.towers.image_head import unit

RANDOM = np.random.default_rng(0)


def texts(*, rank: int, dimension: int) -> np.ndarray:
    return unit(RANDOM.normal(size=(50, rank)) @ RANDOM.normal(size=(rank, dimension)))


def test_unused_directions_are_orthonormal_and_out_of_the_texts_reach() -> None:
    vectors = texts(rank=5, dimension=12)
    unused = unused_directions(vectors, count=7)
    assert unused @ unused.T == pytest.approx(np.eye(7), abs=1e-5)
    assert vectors @ unused.T == pytest.approx(np.zeros((50, 7)), abs=1e-5)


def test_neighbours_stay_neighbours() -> None:
    """A picture and its slightly changed copy are nearer than any two pictures."""
    inputs = RANDOM.normal(size=(30, 1400)).astype(np.float32)
    copies = inputs + 0.1 * RANDOM.normal(size=inputs.shape).astype(np.float32)
    scale = RANDOM.uniform(0.5, 2, 1400).astype(np.float32)
    likeness = fit_likeness(inputs, scale=scale, text_vectors=texts(rank=10, dimension=40))

    def place(values: np.ndarray) -> np.ndarray:
        return unit((values - inputs.mean(axis=0)) * scale @ likeness.project @ likeness.spread)

    assert (place(copies) @ place(inputs).T).argmax(axis=1).tolist() == list(range(30))


@pytest.mark.parametrize("pictures", [2, 9, 300])
def test_axes_never_outnumber_what_there_is(pictures: int) -> None:
    inputs = RANDOM.normal(size=(pictures, 1300)).astype(np.float32)
    likeness = fit_likeness(
        inputs, scale=np.ones(1300, np.float32), text_vectors=texts(rank=3, dimension=40)
    )
    axes = likeness.project.shape[1]
    assert axes == min(pictures - 1, 20)
    assert likeness.spread.shape == (axes, 40)
    assert np.isfinite(likeness.project).all()
