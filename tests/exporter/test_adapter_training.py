"""Adapters learn, repeat themselves, stop in time, and go on after a kill with the same bits."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

import torch

from exporter.adapter_lesson import AdapterLesson, AdapterSettings, measure
from exporter.adapter_training import TrainedAdapters, train_adapters
from exporter.checkpoint import CheckpointError
from exporter.towers.image_head import unit

KINDS, DIMENSION = 12, 24
SETTINGS = AdapterSettings(rank=12, steps=120, batch=24, evaluate_every=10, learning_rate=5e-3)
FACTS = {"bundle": "b", "catalogue": "c"}


def make_lesson(*, spread: float = 0.15) -> AdapterLesson:
    """Kinds of pictures and their captions lie in random directions that know nothing of another.

    Every kind has two captions and eight products; the last two of each are kept out.
    """
    random = np.random.default_rng(0)
    kinds = np.repeat(np.arange(KINDS), 8)
    centres, words = random.normal(size=(2, KINDS, DIMENSION))
    noise = random.normal(size=(2, len(kinds), DIMENSION))
    captions = np.concatenate([words, words + spread * random.normal(size=words.shape)])
    return AdapterLesson(
        pictures=np.stack([unit(centres[kinds] + spread * each) for each in noise]),
        captions=[[int(kind), int(kind) + KINDS] for kind in kinds],
        caption_vectors=unit(captions),
        groups=np.arange(len(kinds)),
        kept_out=np.tile(np.arange(8) >= 6, KINDS),
    )


def digest(trained: TrainedAdapters) -> str:
    weights = [each for one in (trained.picture, trained.text) for each in (one.down, one.up)]
    return hashlib.sha256(b"".join(each.tobytes() for each in weights)).hexdigest()


@pytest.fixture(scope="module")
def lesson() -> AdapterLesson:
    return make_lesson()


@pytest.fixture(scope="module")
def whole(lesson: AdapterLesson) -> TrainedAdapters:
    return train_adapters(lesson, SETTINGS, seed=1, facts=FACTS)


def test_products_kept_out_are_found(lesson: AdapterLesson, whole: TrainedAdapters) -> None:
    assert whole.before.recall_at_1 < 0.3
    assert whole.after.recall_at_1 > 0.9
    assert whole.after.recall_at_10 > whole.before.recall_at_10 + 0.3
    assert measure(lesson, None) == whole.before
    assert measure(lesson, (whole.picture, whole.text)) == whole.after
    assert whole.picture.down.shape == (DIMENSION, 12)
    assert (whole.text.up != 0).any()


def test_the_hardest_negative_teaches_too(lesson: AdapterLesson) -> None:
    trained = train_adapters(lesson, replace(SETTINGS, loss="vse++"), seed=1)
    assert trained.after.recall_at_10 > trained.before.recall_at_10 + 0.3


def test_history_and_progress(lesson: AdapterLesson) -> None:
    heard: list[float] = []
    short = replace(SETTINGS, steps=25)
    trained = train_adapters(lesson, short, seed=1, progress=heard.append)
    assert [point.step for point in trained.history] == [0, 10, 20, 25]
    assert trained.history[0].loss is None
    assert trained.history[0].recall_at_10 == trained.before.recall_at_10
    losses = [point.loss for point in trained.history[1:] if point.loss is not None]
    assert losses == sorted(losses, reverse=True)
    assert heard == [(step + 1) / 25 for step in range(25)]


def test_the_seed_decides(lesson: AdapterLesson, whole: TrainedAdapters) -> None:
    torch.manual_seed(99)  # what the process did before has no say
    assert digest(train_adapters(lesson, SETTINGS, seed=1)) == digest(whole)
    assert digest(train_adapters(lesson, SETTINGS, seed=2)) != digest(whole)


def test_epochs_are_counted_in_pictures(lesson: AdapterLesson) -> None:
    """72 pictures to learn from in batches of 24: three steps a pass."""
    trained = train_adapters(lesson, replace(SETTINGS, epochs=4), seed=1)
    assert trained.history[-1].step == 12


def test_it_ends_when_nothing_gets_better(lesson: AdapterLesson) -> None:
    """With no learning rate every measurement is as the first one, which therefore stays best."""
    frozen = replace(SETTINGS, learning_rate=0.0, patience=3)
    trained = train_adapters(lesson, frozen, seed=1)
    assert trained.steps == 10
    assert trained.history[-1].step == 40
    assert trained.after == trained.before


def test_the_best_weights_are_kept(lesson: AdapterLesson) -> None:
    wild = replace(SETTINGS, learning_rate=0.5, patience=4)
    trained = train_adapters(lesson, wild, seed=1)
    scores = [(point.recall_at_10, point.ndcg_at_10) for point in trained.history[1:]]
    best = max(range(len(scores)), key=lambda place: scores[place])  # the first of equals
    assert trained.steps == trained.history[1 + best].step
    assert (trained.after.recall_at_10, trained.after.ndcg_at_10) == scores[best]


def test_another_training_is_not_gone_on_with(lesson: AdapterLesson, tmp_path: Path) -> None:
    path = tmp_path / "t.pt"

    def cut_off(share: float) -> None:
        if share > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_adapters(lesson, SETTINGS, seed=1, checkpoint=path, facts=FACTS, progress=cut_off)
    for settings, seed, facts in (
        (replace(SETTINGS, rank=4), 1, FACTS),
        (SETTINGS, 2, FACTS),
        (SETTINGS, 1, FACTS | {"catalogue": "d"}),
    ):
        with pytest.raises(CheckpointError, match=r"with other (rank|seed|catalogue);"):
            train_adapters(lesson, settings, seed=seed, checkpoint=path, facts=facts)


def test_a_finished_training_is_not_repeated(
    lesson: AdapterLesson, whole: TrainedAdapters, tmp_path: Path
) -> None:
    for resumed_at in (0, whole.history[-1].step):
        trained = train_adapters(
            lesson, SETTINGS, seed=1, checkpoint=tmp_path / "t.pt", facts=FACTS
        )
        assert trained.resumed_at == resumed_at
        assert digest(trained) == digest(whole)
        assert trained.history == whole.history


@pytest.mark.parametrize("rank", [0, DIMENSION + 1])
def test_a_rank_that_does_not_fit(lesson: AdapterLesson, rank: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 24"):
        train_adapters(lesson, replace(SETTINGS, rank=rank), seed=1)


KILLED = """
import sys
from pathlib import Path
from exporter.adapter_training import train_adapters
from tests.exporter.test_adapter_training import FACTS, SETTINGS, make_lesson

def wait_to_be_killed(share):
    if share > 0.45:
        print("there", flush=True)
        sys.stdin.read()

train_adapters(
    make_lesson(), SETTINGS, seed=1, checkpoint=Path(sys.argv[1]), facts=FACTS,
    progress=wait_to_be_killed,
)
"""


def test_killed_it_goes_on_and_ends_with_the_same_bits(
    lesson: AdapterLesson, whole: TrainedAdapters, tmp_path: Path
) -> None:
    path = tmp_path / "t.pt"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"there\n"
        running.kill()
    trained = train_adapters(lesson, SETTINGS, seed=1, checkpoint=path, facts=FACTS)
    assert trained.resumed_at == 50  # killed after step 55, between two checkpoints
    assert digest(trained) == digest(whole)
    assert (trained.history, trained.steps) == (whole.history, whole.steps)
