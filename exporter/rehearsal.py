"""Made-up features for things that no training picture shows, so that a head does not forget them.

A head trained on one shop's pictures would pull every other object towards that shop's words. The
ImageNet classifier knows a thousand objects, but its pictures are not at hand; its weights are. In
a trained network the mean feature of a class lies along the class's weight vector (Papyan, Han and
Donoho, 2020, "Prevalence of neural collapse during the terminal phase of deep learning training"),
so a real picture's features, moved from what the classifier sees in it towards a class until the
classifier agrees, stand in for a picture of that class on a real background in real colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.tower_features import Classifier

Floats = NDArray[np.float32]

_LEAST_SHARE, _MOST_SHARE = 0.3, 0.95  # what the classifier must then give the class
_STEP, _FARTHEST = 0.1, 4.0  # in mean distances of a picture's features from the centre


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Made-up ``features`` (p, f), the class each shows, and the picture each was made from."""

    features: Floats
    classes: NDArray[np.int64]
    pictures: NDArray[np.int64]


def rehearse(
    features: Floats, classifier: Classifier, *, per_class: int, random: np.random.Generator
) -> Rehearsal:
    """Make ``per_class`` features (p, f) for every class out of real ones (n, f)."""
    width = classifier.weight.shape[1]
    classes = np.repeat(np.arange(len(classifier.names)), per_class)
    pictures = random.integers(len(features), size=len(classes))
    start = features[pictures, :width]
    direction = classifier.weight[classes] - classifier.shares(start) @ classifier.weight
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    top = features[:, :width]
    unit = np.linalg.norm(top - top.mean(axis=0), axis=1).mean()
    wanted = random.uniform(_LEAST_SHARE, _MOST_SHARE, len(classes))
    moved, convinced = start.copy(), np.zeros(len(classes), np.bool_)
    each = np.arange(len(classes))
    for distance in np.arange(_STEP, _FARTHEST, _STEP):
        rest = np.flatnonzero(~convinced)
        if not len(rest):
            break
        # A feature is a mean of clipped activations and cannot fall below zero.
        moved[rest] = np.maximum(start[rest] + distance * unit * direction[rest], 0)
        reached = classifier.shares(moved[rest])[each[: len(rest)], classes[rest]]
        convinced[rest] = reached >= wanted[rest]
    prior = classifier.prior(moved)
    between = features[pictures, width : features.shape[1] - prior.shape[1]]
    made_up = np.concatenate([moved, between, prior], axis=1).astype(np.float32)
    return Rehearsal(features=made_up, classes=classes, pictures=pictures)
