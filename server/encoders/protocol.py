"""What an encoder is, written for whoever adds the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from exporter.spec import Manifest
from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.stages import StageClock


class Encoder(Protocol):
    """Encodes prepared input with the towers of one bundle.

    Every method may be called from any thread at any time. Results are C-contiguous float32, one
    row an input in the input's order, each row finite with Euclidean norm 1 (±1e-3). Batches of any
    size are accepted and split inside. No input is an error, not an empty answer. An encoder that
    answers by a fallback says so with ``clock.fall_back("encode", ...)``.

    Raises (any method):
        Unavailable: the towers cannot be reached, or answered something unfinite or misshapen.
        DeadlineExceeded: ``deadline`` passed; work already started may be left to finish unseen.
    """

    @property
    def manifest(self) -> Manifest:
        """The bundle that encodes; its ``id`` and ``dimension`` are those of every vector."""

    def encode_texts(
        self, texts: Sequence[str], *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        """Vectors (n, d) of n non-empty texts, each routed to the tower of its script."""

    def encode_pictures(
        self, pixels: UInt8Array, *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        """Vectors (n, d) of n pictures uint8 (n, h, w, 3) prepared for ``manifest.image``."""

    def close(self) -> None:
        """Give back what it holds. Calling it again does nothing."""
