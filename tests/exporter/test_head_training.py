"""A head learns what captions say, repeats itself by seed, and hears every step."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from exporter.alignment_report import Loss
from exporter.head_training import (
    HeadSettings,
    Lesson,
    WordWeights,
    train_words,
)

SETTINGS = HeadSettings(
    steps=60, pictures_a_source=12, rehearsals=4, hidden=8, input_dropout=0.0, learning_rate=1e-2
)
INPUTS, DIMENSION = 6, 4


@pytest.fixture
def lesson() -> Lesson:
    """Pictures of kind k have feature k set, and caption k says so; the prior knows nothing."""
    random = np.random.default_rng(0)
    kinds = np.arange(24) % DIMENSION
    inputs = np.eye(INPUTS, dtype=np.float32)[kinds] + 0.1 * random.normal(size=(24, INPUTS))
    views = np.concatenate([inputs, np.full((24, DIMENSION), 0.1)], axis=1).astype(np.float32)
    return Lesson(
        views=np.stack([views, views]),
        captions=[[int(kind)] for kind in kinds],
        sources=np.arange(24) % 2,
        rehearsal=views[:4],
        rehearsal_captions=[[0], [1], [2], [3]],
        caption_vectors=np.eye(DIMENSION, dtype=np.float32),
    )


def embed(weights: WordWeights, features: np.ndarray) -> np.ndarray:
    x = (features[:, :INPUTS] - weights.mean) * weights.scale
    hidden = np.maximum(x @ weights.hidden + weights.hidden_bias, 0)  # near enough to a GELU
    words: np.ndarray = x @ weights.linear + hidden @ weights.output + weights.output_bias
    return words + weights.prior_gain * features[:, INPUTS:]


@pytest.mark.parametrize("loss", ["infonce", "vse++"])
def test_pictures_go_to_their_captions(lesson: Lesson, loss: Loss) -> None:
    weights = train_words(lesson, replace(SETTINGS, loss=loss), seed=1)
    nearest = embed(weights, lesson.views[0]).argmax(axis=1)
    assert nearest.tolist() == [row[0] for row in lesson.captions]


def test_the_same_seed_gives_the_same_weights(lesson: Lesson) -> None:
    short = replace(SETTINGS, steps=5)
    first, again, other = (train_words(lesson, short, seed=seed) for seed in (1, 1, 2))
    assert (first.hidden == again.hidden).all()
    assert (first.hidden != other.hidden).any()


def test_progress_ends_at_one(lesson: Lesson) -> None:
    heard: list[float] = []
    train_words(lesson, replace(SETTINGS, steps=4), seed=0, progress=heard.append)
    assert heard == [0.25, 0.5, 0.75, 1.0]


def test_every_loss_is_heard(lesson: Lesson) -> None:
    losses: list[float] = []
    train_words(lesson, SETTINGS, seed=1, hear=losses.append)
    assert len(losses) == SETTINGS.steps
    assert losses[-1] < losses[0]


def test_without_rehearsal(lesson: Lesson) -> None:
    bare = replace(lesson, rehearsal=lesson.rehearsal[:0], rehearsal_captions=[])
    weights = train_words(bare, replace(SETTINGS, steps=3), seed=0)
    assert np.isfinite(weights.linear).all()
