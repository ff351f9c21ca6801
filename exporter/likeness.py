"""The part of an embedding that tells one product from its like: learnt without labels.

Features are centred, their blocks balanced, and their principal axes partly whitened; the result
is written into the directions that short product texts use least. Two pictures of one thing then
agree in those directions, and a text query, which hardly reaches there, ranks as before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.towers.lite_plan import TOP_CHANNELS

Floats = NDArray[np.float32]

AXES = 160
_COLOUR_SHARE = 0.5  # mean length of the colour features beside the trunk's, which count 1
_SHORTEST = 1e-12
_WHITENING = 0.5  # 0 keeps the axes' lengths, 1 makes them equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """``project`` (i, k) acts on standardised features; ``spread`` (k, d) has orthonormal rows."""

    project: Floats
    spread: Floats


def fit_likeness(inputs: Floats, *, scale: Floats, text_vectors: Floats) -> Likeness:
    """Fit to features without their prior (n, i) and to text vectors (m, d).

    ``scale`` (i,) is what the head multiplies centred features by before it projects them. There
    are at most `AXES` axes, and no more than pictures, features or dimensions to spare allow.
    """
    centred = inputs - inputs.mean(axis=0)
    balance = np.empty(inputs.shape[1], np.float32)
    for block, share in ((slice(0, TOP_CHANNELS), 1.0), (slice(TOP_CHANNELS, None), _COLOUR_SHARE)):
        length = float(np.linalg.norm(centred[:, block], axis=1).mean())
        balance[block] = share / max(length, _SHORTEST)
    _, lengths, axes = np.linalg.svd(centred * balance, full_matrices=False)
    spare = text_vectors.shape[1] // 2
    count = min(AXES, spare, int((lengths > lengths[0] * 1e-6).sum()) if len(lengths) else 0)
    whitening = (lengths[:count] / lengths[0]) ** -_WHITENING
    project = axes[:count].T * whitening * (balance / scale)[:, None]
    spread = unused_directions(text_vectors, count=count)
    return Likeness(project=project.astype(np.float32), spread=spread)


def unused_directions(text_vectors: Floats, *, count: int) -> Floats:
    """Give the ``count`` orthonormal directions (count, d) that texts (m, d) reach least."""
    _, directions = np.linalg.eigh(text_vectors.T.astype(np.float64) @ text_vectors)
    unused: Floats = directions[:, :count].T.astype(np.float32)
    return unused
