"""Tries a bundle before it serves: its towers run, and their answers are what they should be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.encoders.checks import require_unit_rows
from server.encoders.protocol import Encoder
from server.errors import FailedPrecondition

TEXTS = (
    "red running shoes",
    "a white ceramic mug",
    "红色跑鞋",
    "白色马克杯",
    "blue 牛仔裤 for kids",
)
AGREEMENT = 1e-3
"""Largest difference of a component between two encoders of one bundle."""

_LEAST_DIFFERENCE = 1e-3


def try_bundle(
    encoder: Encoder,
    *,
    texts: Sequence[str],
    pictures: Sequence[UInt8Array],
    deadline: Deadline,
    like: Encoder | None = None,
) -> None:
    """Warm an encoder with samples and with what was asked last, and judge what it answers.

    ``pictures`` fit its image tower. ``like`` is an encoder of the same bundle that serves already.

    Raises:
        FailedPrecondition: ``BUNDLE_CHECK_FAILED``: different inputs get one vector, or the two
            encoders disagree.
        Unavailable: a tower answers nothing, or something of another shape or not of unit norm.
        DeadlineExceeded: it took longer than ``deadline`` allows.
    """
    answers = [_text_vectors(encoder, (*TEXTS, *texts), deadline=deadline)]
    _require_different(answers[0][: len(TEXTS)], what="texts", bundle=encoder.manifest.id)
    samples = _samples(encoder)
    if len(samples):
        batch = np.concatenate([samples, *(each[np.newaxis] for each in pictures)])
        answers.append(_picture_vectors(encoder, batch, deadline=deadline))
        _require_different(answers[1][: len(samples)], what="pictures", bundle=encoder.manifest.id)
    if like is None:
        return
    usual = [_text_vectors(like, TEXTS, deadline=deadline)]
    if len(samples):
        usual.append(_picture_vectors(like, samples, deadline=deadline))
    for ours, theirs in zip(answers, usual, strict=True):
        largest = float(np.abs(ours[: len(theirs)] - theirs).max())
        if largest > AGREEMENT:
            message = (
                f"two encoders of bundle {encoder.manifest.id} differ by {largest:.2g} in a "
                "component; export the bundle again, or look at where the new one runs"
            )
            raise FailedPrecondition(message, reason="BUNDLE_CHECK_FAILED")


def _samples(encoder: Encoder) -> UInt8Array:
    """Two pictures of the tower's size, a dark and a striped one; none without an image tower."""
    tower = encoder.manifest.image
    if tower is None:
        return np.empty((0, 1, 1, 3), np.uint8)
    pictures = np.full((2, tower.height, tower.width, 3), 30, np.uint8)
    pictures[1, :, ::2] = (230, 180, 40)
    return pictures


def _text_vectors(encoder: Encoder, texts: Sequence[str], *, deadline: Deadline) -> Float32Array:
    vectors = encoder.encode_texts(texts, deadline=deadline)
    require_unit_rows(vectors, dimension=encoder.manifest.dimension)
    return vectors


def _picture_vectors(encoder: Encoder, pixels: UInt8Array, *, deadline: Deadline) -> Float32Array:
    vectors = encoder.encode_pictures(pixels, deadline=deadline)
    require_unit_rows(vectors, dimension=encoder.manifest.dimension)
    return vectors


def _require_different(vectors: Float32Array, *, what: str, bundle: str) -> None:
    """Refuse a tower that answers the same whatever it is asked."""
    if float(np.abs(vectors[1:] - vectors[0]).max()) < _LEAST_DIFFERENCE:
        message = f"bundle {bundle} gives different {what} the same vector; export it again"
        raise FailedPrecondition(message, reason="BUNDLE_CHECK_FAILED")
