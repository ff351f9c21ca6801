"""Recall over a catalogue by two encoders, on vectors placed by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from exporter.recall import (
    MOST_SAMPLES,
    Encoders,
    RecallFigures,
    RecallSample,
    measure_recall,
    recall,
    recall_samples,
)


def encoders(angles: Mapping[str, float], turned: float = 0.0) -> Encoders:
    """Vectors of the plane: texts at their angle, pictures at the angle that their pixel says."""

    def vectors(degrees: list[float]) -> np.ndarray:
        radians = np.radians(np.asarray(degrees, np.float64))
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)

    return Encoders(
        texts=lambda texts: vectors([angles[text] for text in texts]),
        pictures=lambda pixels: vectors([float(pixel[0, 0, 0]) + turned for pixel in pixels]),
    )


def sample(name: str, angle: int | None) -> RecallSample:
    picture = None if angle is None else (lambda: np.full((1, 1, 3), angle, np.uint8))
    return RecallSample(query=name, document=f"long {name}", group=name, picture=picture)


# Twelve pictures a degree apart; "near" is asked from 0° and "far" from 90°.
CATALOGUE = [sample("near" if angle % 2 else "far", angle) for angle in range(12)]
ANGLES = {"near": 0.0, "far": 90.0}


def measured(turned: float) -> RecallFigures:
    figures = measure_recall(
        CATALOGUE, torch=encoders(ANGLES), exported=encoders(ANGLES, turned=turned)
    )
    assert figures is not None
    return figures


def test_recall_is_of_the_own_group_among_the_first_ten() -> None:
    # First ten from 0°: 0…9, of which 1 3 5 7 9 are five of six near ones. From 90°: 11…2, of
    # which 2 4 6 8 10 are five of the six far ones.
    figures = measured(0.0)
    assert (figures.searched, figures.queries, figures.documents) == ("pictures", 2, 12)
    assert figures.torch == pytest.approx(5 / 6)
    assert figures.difference == 0
    assert figures.agreement == 1


def test_an_encoder_that_turns_everything_round_finds_others() -> None:
    # Turned by 180°, the farthest come first: from 0° 11…2 with five near (3 5 7 9 11).
    # Both keep 2…9 of the first ten: eight of ten.
    figures = measured(180.0)
    assert figures.exported == pytest.approx(5 / 6)
    assert figures.agreement == pytest.approx(0.8)


def test_without_pictures_long_captions_are_searched() -> None:
    catalogue = [sample("near", None), sample("far", None)]
    angles = ANGLES | {"long near": 1.0, "long far": 80.0}
    figures = measure_recall(catalogue, torch=encoders(angles), exported=encoders(angles))
    assert figures is not None
    assert (figures.searched, figures.documents, figures.torch) == ("texts", 2, 1.0)


def test_pictures_that_cannot_be_read_are_left_out_and_nothing_gives_nothing() -> None:
    broken = RecallSample(query="near", document="near", group="x", picture=lambda: None)
    figures = measure_recall(
        [broken, *CATALOGUE], torch=encoders(ANGLES), exported=encoders(ANGLES)
    )
    assert figures is not None
    assert figures.documents == 12
    assert measure_recall([], torch=encoders({}), exported=encoders({})) is None


def test_a_large_catalogue_is_thinned_evenly() -> None:
    many = [sample(f"p{place}", None) for place in range(2 * MOST_SAMPLES)]
    angles = {f"{kind}p{place}": place / 40 for place in range(2000) for kind in ("", "long ")}
    figures = measure_recall(many, torch=encoders(angles), exported=encoders(angles))
    assert figures is not None
    assert figures.documents == MOST_SAMPLES


def test_recall_of_more_relevant_documents_than_places() -> None:
    assert recall(np.array([[0, 1]]), np.ones((1, 5), np.bool_)) == 1.0


def test_rows_become_samples() -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "title": "Argus", "categories": ["Men/Tops/Tanks"], "color": "Gray",
         "group_id": "g", "image": "a.png"},
        {"id": "2", "title": "Mug", "image": ""},
        {"id": "3", "product_id": "1", "image": "photo.png"},
        {"id": "4", "title": ""},
    ]  # fmt: skip
    asked: list[str] = []

    def load(name: str) -> np.ndarray | None:
        asked.append(name)
        return None

    found = recall_samples(rows, load=load)
    assert [(each.group, each.query) for each in found] == [("g", "tanks"), ("2", "mug")]
    assert found[0].document == "gray tank top for men"
    assert asked == []  # a picture is read when it is wanted
    assert found[0].picture is not None
    assert found[0].picture() is None
    assert asked == ["a.png"]
    assert found[1].picture is None
