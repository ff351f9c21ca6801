"""What a pair of adapters learns from and how, and what it does for products kept out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.adapter import Adapter, apply_adapter
from exporter.alignment_report import Loss
from exporter.alignment_scores import Scores, score

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSettings:
    """How adapters are trained.

    ``epochs``, where given, says how many times every picture is shown, instead of ``steps``, which
    are the most that are taken: training ends after ``patience`` measurements without a better
    one, each ``evaluate_every`` steps after the last. ``temperature`` is where InfoNCE's learnt
    temperature begins; ``margin`` is VSE++'s. ``held_out`` is the share of the groups that are kept
    out, ``views`` the number of augmented views of each picture besides the picture itself.
    """

    rank: int = 32
    loss: Loss = "infonce"
    steps: int = 1000
    epochs: int | None = None
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    temperature: float = 0.07
    margin: float = 0.2
    patience: int = 8
    evaluate_every: int = 25
    held_out: float = 0.2
    views: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterLesson:
    """What adapters learn from, all of it unit vectors of frozen towers.

    ``pictures`` (v, n, d) are v views of n pictures, the first as they are; ``captions`` lists for
    each picture the rows of ``caption_vectors`` (c, d) that describe it; ``groups`` (n,) numbers
    the products, of which those marked in ``kept_out`` (n,) are measured on and never learnt.
    """

    pictures: Floats
    captions: Sequence[Sequence[int]]
    caption_vectors: Floats
    groups: NDArray[np.int64]
    kept_out: NDArray[np.bool_]


def measure(lesson: AdapterLesson, adapters: tuple[Adapter, Adapter] | None) -> Scores:
    """Score a lesson's products kept out, behind adapters for pictures and texts or without."""
    rows = [int(row) for row in np.flatnonzero(lesson.kept_out)]
    pictures, captions = lesson.pictures[0, rows], lesson.caption_vectors
    if adapters is not None:
        pictures = apply_adapter(adapters[0], pictures)
        captions = apply_adapter(adapters[1], captions)
    return score(
        pictures, captions=[lesson.captions[row] for row in rows], caption_vectors=captions
    )
