"""Made-up features persuade the classifier and keep the background's other features."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the exporter's extra is not installed")

from exporter.rehearsal import rehearse
from exporter.tower_features import Classifier

CLASSES, TOP, COLOURS, DIMENSION = 6, 20, 4, 3


@pytest.fixture
def classifier() -> Classifier:
    random = np.random.default_rng(1)
    return Classifier(
        weight=random.normal(size=(CLASSES, TOP)).astype(np.float32),
        bias=np.zeros(CLASSES, np.float32),
        words=random.normal(size=(CLASSES, DIMENSION)).astype(np.float32),
        names=tuple("abcdef"),
    )


@pytest.fixture
def features() -> np.ndarray:
    random = np.random.default_rng(2)
    return np.abs(random.normal(size=(9, TOP + COLOURS + DIMENSION))).astype(np.float32)


def test_every_class_is_shown_and_seen(classifier: Classifier, features: np.ndarray) -> None:
    made_up = rehearse(features, classifier, per_class=5, random=np.random.default_rng(0))
    assert np.bincount(made_up.classes).tolist() == [5] * CLASSES
    shares = classifier.shares(made_up.features[:, :TOP])
    seen = shares[np.arange(len(made_up.classes)), made_up.classes]
    assert (seen >= 0.3).all()
    assert (made_up.features[:, :TOP] >= 0).all()


def test_the_rest_is_the_pictures_and_the_prior_follows(
    classifier: Classifier, features: np.ndarray
) -> None:
    made_up = rehearse(features, classifier, per_class=2, random=np.random.default_rng(0))
    colours = made_up.features[:, TOP : TOP + COLOURS]
    assert (colours == features[made_up.pictures, TOP : TOP + COLOURS]).all()
    prior = classifier.prior(made_up.features[:, :TOP])
    assert made_up.features[:, -DIMENSION:] == pytest.approx(prior, abs=1e-6)


def test_shares_and_prior_by_hand() -> None:
    """Two classes at logits ln 3 and 0 share 3 : 1; at temperature 0.7 the prior is sharper."""
    classifier = Classifier(
        weight=np.array([[1], [0]], np.float32),
        bias=np.zeros(2, np.float32),
        words=np.eye(2, dtype=np.float32),
        names=("a", "b"),
    )
    top = np.array([[np.log(3)]], np.float32)
    assert classifier.shares(top) == pytest.approx(np.array([[0.75, 0.25]]))
    odds = 3 ** (1 / 0.7)
    assert classifier.prior(top) == pytest.approx(np.array([[odds, 1]]) / (odds + 1))
