"""The question that tells whether a Triton serves a bundle, and sees to it that it does."""

from __future__ import annotations

from server.deadline import Deadline
from server.encoders.managed_triton import Answer
from server.encoders.triton import TritonEncoder
from server.errors import Unavailable

# Under explicit control a model that nobody asked for is in the repository, and not ready.
_NOT_LOADED = frozenset({"TRITON_NOT_READY", "TRITON_MODEL_MISSING"})


def right_answer(encoder: TritonEncoder) -> Answer:
    """Check an answer of every tower, after having the models loaded where they are not.

    Cheap where they are, so it may be asked every few seconds. Raises as `TritonEncoder.ready` and
    `TritonEncoder.load_models` do.
    """

    def answer(deadline: Deadline) -> None:
        try:
            encoder.ready(deadline)
        except Unavailable as error:
            if error.reason not in _NOT_LOADED:
                raise
            encoder.load_models(deadline)
            encoder.ready(deadline)

    return answer
